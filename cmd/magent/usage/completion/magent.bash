# bash completion for magent: source it, or put it into /usr/share/bash-completion/completions/magent.

# bash takes "--hash=md5" and "10.0.0.1:11211" for several words, and completes the last of them; magent takes each for one.
_magent() {
	local i piece head line words=()
	for ((i = 1; i <= COMP_CWORD; i++)); do
		piece=${COMP_WORDS[i]}
		if ((${#words[@]})) && [[ $piece == [=:]* || ${COMP_WORDS[i - 1]} == [=:] ]]; then
			words[-1]+=$piece
		else
			words+=("$piece")
		fi
	done
	piece=${COMP_WORDS[COMP_CWORD]}
	[[ $piece != [=:] ]] || piece=
	head=${words[-1]%"$piece"}
	COMPREPLY=()
	while IFS= read -r line; do
		line=${line%%$'\t'*}
		COMPREPLY+=("${line#"$head"}")
	done < <("${1/#\~/$HOME}" complete "${words[@]}" 2>/dev/null)
}

complete -o default -F _magent magent
