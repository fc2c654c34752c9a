# fish completion for magent: put it into ~/.config/fish/completions or /usr/share/fish/vendor_completions.d.

function __magent_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found ($words[1] complete $words[2..] 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end

complete -c magent -f -a '(__magent_complete)'
