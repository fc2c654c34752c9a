#compdef magent
# zsh completion for magent: put it into a folder of $fpath as _magent.

_magent() {
	local line
	local -a found
	for line in "${(@f)$("${words[1]/#\~/$HOME}" complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
		[[ -n $line ]] || continue
		found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
	done
	if ((${#found})); then
		_describe magent found
	else
		_files
	fi
}

if [[ $funcstack[1] == _magent ]]; then
	_magent "$@"
else
	compdef _magent magent
fi
