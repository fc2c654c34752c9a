package main

import "magent/cmd/magent/usage"

const helpHead = `magent - memcached with a second copy of every key
usage: magent -s ADDRESS [-s ADDRESS]... [-b ADDRESS]... [flags]
       magent -c FILE [-t] [flags]

  magent -s 10.0.0.1 -s 10.0.0.2 -b 10.0.0.3                 on 127.0.0.1:11211
  magent -u www -n 51200 -l 10.0.0.9 -p 12000 -s 10.0.0.1:11211 -b 10.0.0.2:11211 -d

magent verify -s ADDRESS... -b ADDRESS...  compares the copies; magent verify -h says how.
magent reload                              makes a running magent reload its file of pools.
magent status, magent top                  show the state of a running magent.
magent drain SERVER, magent undrain SERVER take a server out of use, and let it return.
magent health ADDRESS                      asks a magent whether it can serve.
magent witness                             votes in a fleet of magents, and serves no clients.
magent completion SHELL                    makes bash, zsh or fish complete command lines.
magent man | man -l -                      shows the manual page.
`

const verifyHead = `magent verify - compare the two copies of every key
usage: magent verify -s ADDRESS [-s ADDRESS]... -b ADDRESS [-b ADDRESS]... [flags]
       magent verify -c FILE [--pool NAME] [flags]

  magent verify -s 10.0.0.1 -s 10.0.0.2 -b 10.0.0.3          changes nothing
  magent verify -s 10.0.0.1 -s 10.0.0.2 -b 10.0.0.3 --repair
  magent verify -c pools.yml --pool alpha                    a pool of the proxy's file

Give the same servers and placement as to the proxy. The proxy and its clients may keep running.
`

const reloadHead = `magent reload - make a running magent reload its file of pools
usage: magent reload [--admin-socket PATH | --pid-file FILE] [-c FILE]

It says whether the process has reloaded, or why nothing has changed. With -c it checks the file first. Clients
stay connected, pools that have not changed keep everything, and a file with errors changes nothing.

exit code 0  the process has read its file and serves by it
          1  it has refused it, and has said why; or it does not answer
          2  the command line is wrong
`

const verifyTail = `
It prints a line for each key that differs, and a summary, to stdout; progress goes to stderr.
exit code 0  nothing differs, or everything was repaired
          1  something differs
          2  the command line or a variable is wrong
          3  it did not finish: a server did not answer, or it was interrupted
          4  a repair was refused: a server is out of use, much to change, or misplaced keys
`

const helpTail = `
Every flag except -h and -V can also be given as an environment variable: --max-clients is
MAGENT_MAX_CLIENTS. The command line wins. Lists are separated by commas there.
SIGTERM and SIGINT drain and end the process, SIGHUP reopens the log file and reads passwords
and certificates again, SIGUSR1 reads the file of -c, passwords and certificates again,
SIGUSR2 starts the binary again and lets it take over.
`

// helpText returns what -h prints: the flags of newFlags, grouped by topic.
func helpText() string {
	return helpHead + usage.Flags(newFlags(), topics()) + helpTail
}

// verifyHelpText returns what magent verify -h prints.
func verifyHelpText() string {
	return verifyHead + usage.Flags(newVerifyFlags(), []string{
		topicServers, topicPlace, topicFailures, topicVerify,
		topicLog,
	}) + verifyTail
}
