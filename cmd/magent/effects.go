package main

import (
	"errors"
	"fmt"
	"io"

	"magent/cmd/magent/usage"
	"magent/internal/config"
	"magent/internal/run"
)

// partners are flags that have no effect without another one. Each says what it is used for there.
var partners = [...]struct{ flag, other, remedy string }{
	{flagAck, flagBackup, "needs -b ADDRESS: without a backup every write has one copy"},
	{flagDirty, flagBackup, "needs -b ADDRESS: without a backup nothing is remembered"},
	{flagRefill, flagBackup, "needs -b ADDRESS: without a backup no server can be refilled"},
	{flagState, flagBackup, "needs -b ADDRESS: without a backup nothing is remembered"},
	{flagVIP, flagBackup, "needs -b ADDRESS: without a backup nothing is repaired"},
	{flagRetry, flagEject, "needs --auto-eject-hosts: otherwise a server is back as soon as it answers"},
	{flagWatch, flagConfig, "needs -c FILE, the file to watch"},
	{flagSocketMode, flagSocket, "needs -f PATH, the socket that has the mode"},
	{flagHotRefresh, flagHotCache, "needs --hot-cache SIZE: otherwise every get asks a server"},
	{flagSlowKeys, flagSlow, "needs --slow TIME, which says what is logged"},
}

// readEffects refuses a typed flag that has no effect. A variable may be set for processes of any kind, as in the
// unit of systemd: it gets a warning.
func readEffects(r *reader) (warnings []string) {
	inFile := r.given(flagConfig)
	for _, p := range partners {
		if !r.given(p.flag) || r.changes(p.other) || inFile && p.other == flagBackup {
			continue
		}
		if p.flag == flagState && (r.given(flagFleet) || r.given(flagAdminSocket)) {
			continue
		}
		if _, typed := r.typed[p.flag]; typed {
			r.fail(p.flag, errors.New(p.remedy))
		} else if r.changes(p.flag) {
			warnings = append(warnings, fmt.Sprintf("%s has no effect: it %s", variable(p.flag), p.remedy))
		}
	}
	return warnings
}

// strangeVariables names the variables of the environment that look like one of magent's with a typing error.
func strangeVariables() []string {
	var known []string
	for _, f := range newFlags() {
		if variables(usage.LongName(f)) != nil {
			known = append(known, variable(usage.LongName(f)))
		}
	}
	return config.StrangeVariables(program, variablePrefix, known)
}

// tellStrange writes what strangeVariables says, where no log does.
func tellStrange(stderr io.Writer) {
	run.TellWarnings(stderr, program, strangeVariables())
}

// cannotServe prints why a process does not serve, in one line, behind what its log would have said of variables.
func cannotServe(stderr io.Writer, err error, exit int) int {
	tellStrange(stderr)
	return fail(stderr, err, exit)
}
