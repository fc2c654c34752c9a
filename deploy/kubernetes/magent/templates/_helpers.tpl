{{- define "magent.labels" -}}
app.kubernetes.io/name: magent
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /* Not empty: the pods are members of a fleet. */ -}}
{{- define "magent.fleet" -}}
{{- if and (eq .Values.kind "StatefulSet") .Values.fleet.enabled (gt (int .Values.replicas) 1) }}true{{ end }}
{{- end }}

{{- /* The list of all members, the same on all pods. A pod knows its own name in it before the name service does. */ -}}
{{- define "magent.members" -}}
{{- range $i := until (int .Values.replicas) }}
{{- if $i }},{{ end }}{{ $.Release.Name }}-{{ $i }}={{ $.Release.Name }}-{{ $i }}.{{ $.Release.Name }}-links.{{ $.Release.Namespace }}.svc.{{ $.Values.fleet.clusterDomain }}:{{ int $.Values.fleet.port }}
{{- end }}
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
