package status

import (
	"time"

	"magent/internal/stats"
)

// Report is the state of the process, for people and scripts. It is /stats.json, and what the page shows.
type Report struct {
	Time     time.Time `json:"time"`
	Program  string    `json:"program"`
	Version  string    `json:"version"`
	Host     string    `json:"host"`
	PID      int       `json:"pid"`
	Uptime   float64   `json:"uptime_seconds"`
	Draining bool      `json:"draining"`
	VIP      string    `json:"vip,omitempty"` // the address of --vip, unless a fleet decides
	Standby  bool      `json:"standby"`       // another machine has it
	Serving  bool      `json:"serving"`       // new clients are accepted, and some keys can be served: /readyz
	Ready    bool      `json:"ready"`         // all keys can be served
	Problems []string  `json:"problems"`      // why it is not ready
	Verdict  Verdict   `json:"verdict"`

	Clients        int64   `json:"clients"`
	MaxClients     int     `json:"max_clients"`
	ActiveRequests int64   `json:"active_requests"`
	JournalErrors  uint64  `json:"journal_errors"`
	CPU            float64 `json:"cpu_seconds"`

	Fleet *Fleet `json:"fleet,omitempty"` // nil: this process is in none

	Rates  Rates         `json:"rates"` // sums over all pools
	Pools  []Pool        `json:"pools"`
	Loops  []Loop        `json:"loops"`
	Events []stats.Event `json:"events"` // the newest first
}

// Rates are averages over about a second. Those that are not known are null.
type Rates struct {
	Requests   float64  `json:"requests_per_second"`
	Errors     float64  `json:"errors_per_second"`
	Received   float64  `json:"received_bytes_per_second"`
	Sent       float64  `json:"sent_bytes_per_second"`
	ErrorRatio *float64 `json:"error_ratio"` // errors among the requests
	// HitRatio is the share of retrievals that found their key. Those that got an error found nothing.
	HitRatio *float64 `json:"hit_ratio"`
	P50      *float64 `json:"p50_seconds"`
	P99      *float64 `json:"p99_seconds"`
}

// Pool is one pool.
type Pool struct {
	Name         string                       `json:"name"`
	Listen       []string                     `json:"listen"`
	Distribution string                       `json:"distribution"`
	Hash         string                       `json:"hash"`
	Ready        bool                         `json:"ready"`
	Lost         float64                      `json:"keys_lost_ratio"`     // about: no copy can be read
	Single       float64                      `json:"keys_one_copy_ratio"` // about: one of two copies can be read
	Clients      int64                        `json:"clients"`
	Binary       int64                        `json:"binary_clients"` // of these
	TLS12        int64                        `json:"tls12_clients"`  // that speak TLS 1.2
	TLS13        int64                        `json:"tls13_clients"`
	Auth         bool                         `json:"auth"`       // clients have to name a user and a password
	ServerTLS    bool                         `json:"server_tls"` // servers are spoken to by TLS
	HotKeys      int64                        `json:"hot_keys"`   // in memory
	HotBytes     int64                        `json:"hot_bytes"`
	Totals       Totals                       `json:"totals"`
	Requests     map[string]map[string]uint64 `json:"requests"` // by command and result
	Rates        Rates                        `json:"rates"`
	Servers      []Server                     `json:"servers"`
}

// Totals are counters of a pool.
type Totals struct {
	Answered      uint64 `json:"answered"`
	Errors        uint64 `json:"errors"`
	Connections   uint64 `json:"connections"`
	Rejected      uint64 `json:"rejected_connections"`
	Received      uint64 `json:"received_bytes"`
	Sent          uint64 `json:"sent_bytes"`
	Failovers     uint64 `json:"failovers"`
	Retries       uint64 `json:"retries_to_backup"`
	Disagreements uint64 `json:"disagreements"`
	Backpressure  uint64 `json:"backpressure"`
	HotHits       uint64 `json:"hot_hits"` // reads that were answered from memory
	Auths         uint64 `json:"auths"`
	AuthErrors    uint64 `json:"auth_errors"`
	TLSErrors     uint64 `json:"tls_errors"` // handshakes with clients that failed
}

// Server is one server of a pool.
type Server struct {
	Address   string  `json:"address"`
	Name      string  `json:"name,omitempty"`
	Role      string  `json:"role"`
	Decides   string  `json:"decides,omitempty"` // of a forwarded server: who decides, in words
	Deaf      bool    `json:"deaf,omitempty"`    // and he cannot be asked now
	State     string  `json:"state"`
	LastError string  `json:"last_error,omitempty"`
	EjectedAt float64 `json:"ejected_at,omitempty"` // Unix time in seconds
	Since     float64 `json:"since,omitempty"`      // the same: when it was last taken out of use, or used again
	About     string  `json:"about"`                // of its state in words: why, since when, how often ejected
	Check     *Check  `json:"last_check,omitempty"` // nil: there was none yet
	Elsewhere string  `json:"elsewhere,omitempty"`  // why another pool sees the same address in another state

	Drained   *stats.Drained `json:"drained,omitempty"` // who has drained it, and when; nil: nobody
	Connected int            `json:"connections"`
	Pending   int            `json:"pending"`
	Requests  uint64         `json:"requests"`
	Errors    uint64         `json:"errors"`
	Timeouts  uint64         `json:"timeouts"`
	Ejections uint64         `json:"ejections"`
	DirtyKeys int            `json:"dirty_keys"`
	Overflow  bool           `json:"dirty_overflow"`
	Repairs   uint64         `json:"repairs"`
	Refills   uint64         `json:"refills"`
	Avoided   uint64         `json:"stale_reads_avoided"`
	Replicas  []string       `json:"replicas,omitempty"` // with read_from: those that are read
	Reads     uint64         `json:"replica_reads"`
	Repeats   uint64         `json:"replica_repeats"`
	Progress  float64        `json:"refill_progress"` // 1: it has all keys
	Left      float64        `json:"refill_remaining_seconds"`
	Memory    *Memory        `json:"memory,omitempty"` // nil: it has not told
	Rates     Rates          `json:"rates"`
	Copies    float64        `json:"copies_per_second"` // among the requests: what it is given from other copies
}

// Check is what came of the last time that a server was asked something, or connected to.
type Check struct {
	At     float64 `json:"at"` // Unix time in seconds
	Age    float64 `json:"age_seconds"`
	Result string  `json:"result"` // "ok", or what was wrong
}

// Memory is what a server said of itself when it was asked last.
type Memory struct {
	AskedAt   int64    `json:"asked_at"` // Unix time in seconds
	Limit     uint64   `json:"limit_bytes"`
	Used      uint64   `json:"used_bytes"`
	Needed    uint64   `json:"needed_bytes,omitempty"` // a backup: its share of what the primaries may use
	Items     uint64   `json:"items"`
	Evictions uint64   `json:"evictions"`
	HitRatio  *float64 `json:"hit_ratio"` // since it began, whoever asked; nil: nobody did
	Short     string   `json:"short,omitempty"`
}

// Loop is one event loop.
type Loop struct {
	Clients int     `json:"clients"`
	Busy    float64 `json:"busy_ratio"`
	Longest float64 `json:"longest_turn_seconds"`
}

// Verdict is the meaning of a report in two sentences.
type Verdict struct {
	Level string `json:"level"` // good, warn or bad
	Head  string `json:"head"`
	Text  string `json:"text"`
}
