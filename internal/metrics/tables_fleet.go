package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"magent/internal/stats"
)

// fleetTables are the metrics of a member of a fleet. A process that is none has none of them.
type fleetTables struct {
	fleet       []plainMetric[stats.Fleet]
	members     []plainMetric[stats.FleetMember]
	memberState *prometheus.Desc
	groupOwned  *prometheus.Desc
	groupOwner  *prometheus.Desc
}

func newFleetTables() fleetTables {
	return fleetTables{
		fleet: fleetTable(), members: memberTable(),
		memberState: desc("fleet_member_state", "1 for the state of a member of the fleet, 0 for the others.",
			"member", "state"),
		groupOwned: desc("fleet_group_owned", "1 while some member decides for the keys of a group.", "group"),
		groupOwner: desc("fleet_group_owner", "1 for the member that decides for the keys of a group.",
			"group", "member"),
	}
}

func fleetTable() []plainMetric[stats.Fleet] {
	type figure = func(*stats.Fleet) float64
	add := func(name, help string, kind prometheus.ValueType, value figure) plainMetric[stats.Fleet] {
		return plainMetric[stats.Fleet]{desc("fleet_"+name, help), kind, value}
	}
	return []plainMetric[stats.Fleet]{
		add("ready", "1 while this member of a fleet decides, or knows who does.",
			prometheus.GaugeValue, func(f *stats.Fleet) float64 { return number(len(f.Unready()) == 0) }),
		add("alone", "1 while nobody else takes part in the fleet: if this member dies, nobody goes on.",
			prometheus.GaugeValue, func(f *stats.Fleet) float64 { return number(f.Alone()) }),
		add("epoch", "Number of the view that this member knows. It rises with each change.",
			prometheus.GaugeValue, func(f *stats.Fleet) float64 { return float64(f.Epoch) }),
		add("generation", "Number of the fleet's generation. A new one begins when one of two members goes on alone.",
			prometheus.GaugeValue, func(f *stats.Fleet) float64 { return float64(f.Generation) }),
		add("lease_left_seconds", "Time until this member may not decide any more if the others do not answer. "+
			"0: it may not.",
			prometheus.GaugeValue, func(f *stats.Fleet) float64 { return f.LeaseLeft.Seconds() }),
		add("records_waiting", "Records that some member does not have yet. Answers to clients wait for them.",
			prometheus.GaugeValue, func(f *stats.Fleet) float64 { return float64(f.Records) }),
		add("takeovers_total", "Times that this process began to decide for a group.",
			prometheus.CounterValue, func(f *stats.Fleet) float64 { return float64(f.Takeovers) }),
		add("forwarded_requests_total", "Requests that were handed to the member that decides.",
			prometheus.CounterValue, func(f *stats.Fleet) float64 { return float64(f.Forwarded) }),
		add("clock_backwards_total", "Times that the machine's clock ran backwards.",
			prometheus.CounterValue, func(f *stats.Fleet) float64 { return float64(f.Backwards) }),
	}
}

func memberTable() []plainMetric[stats.FleetMember] {
	gauge := func(name, help string, value func(*stats.FleetMember) float64) plainMetric[stats.FleetMember] {
		return plainMetric[stats.FleetMember]{desc("fleet_member_"+name, help, "member"), prometheus.GaugeValue, value}
	}
	return []plainMetric[stats.FleetMember]{
		gauge("links", "Connections with another member of the fleet that work: for messages to it, and for requests.",
			func(m *stats.FleetMember) float64 { return float64(m.Links) }),
		gauge("refused", "1 while a member cannot join the fleet, for example because its pools differ. "+
			"The log has the reason.",
			func(m *stats.FleetMember) float64 { return number(m.Refused != "") }),
	}
}

// describe sends the descriptions.
func (t *fleetTables) describe(ch chan<- *prometheus.Desc) {
	for _, m := range t.fleet {
		ch <- m.desc
	}
	for _, m := range t.members {
		ch <- m.desc
	}
	for _, d := range []*prometheus.Desc{t.memberState, t.groupOwned, t.groupOwner} {
		ch <- d
	}
}

// collect sends the metrics, if there is a fleet.
func (t *fleetTables) collect(out sink, f *stats.Fleet) {
	if f == nil {
		return
	}
	for _, m := range t.fleet {
		out.put(m.desc, m.kind, m.value(f))
	}
	for i := range f.Members {
		member := &f.Members[i]
		for _, m := range t.members {
			out.put(m.desc, m.kind, m.value(member), member.Name)
		}
		for _, state := range stats.MemberStates() {
			out.gauge(t.memberState, number(state == member.State), member.Name, state)
		}
	}
	for _, g := range f.Groups {
		out.gauge(t.groupOwned, number(g.Owner != ""), plain(g.Name))
		if g.Owner != "" {
			out.gauge(t.groupOwner, 1, plain(g.Name), g.Owner)
		}
	}
}
