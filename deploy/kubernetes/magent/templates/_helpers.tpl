{{- define "magent.labels" -}}
app.kubernetes.io/name: magent
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /* The file of pools: what values.yaml says, with an address in place of the port. */ -}}
{{- define "magent.pools" -}}
{{- range .Values.pools }}
{{ required "pools: each needs a name" .name }}:
  listen: {{ printf "%s:%d" $.Values.listen (int (required (printf "pools: %s has no port" .name) .port)) | quote }}
  {{- omit . "name" "port" | toYaml | nindent 2 }}
{{- else }}
{{- fail "pools: name one at least" }}
{{- end }}
{{- end }}
