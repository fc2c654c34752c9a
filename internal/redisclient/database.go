package redisclient

import (
	"strconv"

	"magent/internal/call"
	"magent/internal/distribute"
	"magent/internal/pool"
	"magent/resp"
)

// A pool is one database, or with databases all that its servers have. Clients share the connections to servers, so
// SELECT never goes to these: it says to which connections the client's next commands go (pool.Variant).

// enter prepares the client for its next command, which is for p. It returns an error if there are no connections for
// the client's database.
func (c *Client) enter(p *pool.Pool) (err error) {
	c.pool, c.part = p, p
	if c.selected && c.db != p.Config.RedisDB && !p.Config.Databases {
		c.selected, c.astray = false, true // a reload has changed the pool
	}
	if c.proto != resp.RESP2 || c.selected {
		var part *pool.Pool
		if part, err = p.In(c.variant(c.database())); err == nil {
			c.part = part
		}
	}
	return err
}

// database returns the number of the client's database.
func (c *Client) database() int {
	if c.selected {
		return c.db
	}
	return c.pool.Config.RedisDB
}

// variant returns how servers are spoken to for the client, if it has selected a database.
func (c *Client) variant(db int) pool.Variant { return pool.Variant{Proto: c.proto, DB: db} }

// asksServers reports whether servers are asked for a command in the client's database.
func asksServers(cmd *resp.Command) bool {
	return cmd.Route != resp.RouteLocal || cmd.Name == "exec" || cmd.Name == "watch"
}

// unserved answers a command for which there are no connections because of err.
func (c *Client) unserved(cmd *resp.Command, err error) {
	c.pool.Count.Errors++
	if cmd.Name == "exec" {
		c.EndMulti()
		c.Close()
	}
	c.spoil()
	c.tell(resp.AppendError(c.loop.Line[:0], "ERR "+err.Error()))
}

// selectDB carries out SELECT. Some clients do not look at the answer. What they send behind one that was refused is
// meant for another database, so it is not carried out.
func (c *Client) selectDB(r *resp.Request) {
	db, refusal := resp.Database(r.Args[1])
	cfg := c.pool.Config
	if refusal == "" && db != cfg.RedisDB && !cfg.Databases {
		refusal = "-ERR DB index is out of range: this pool is database " + strconv.Itoa(cfg.RedisDB) +
			" of its servers (redis_db): set databases: true, or make a pool for each other one\r\n"
	}
	switch {
	case refusal != "":
		c.astray = true
		c.reject(r, append(c.loop.Line[:0], refusal...))
	case c.selectAsks(r):
		c.askFor(r, db)
	default:
		c.db, c.selected, c.astray = db, cfg.Databases, false
		c.say("+OK\r\n")
	}
}

// selectAsks reports whether a server has to be asked for a SELECT: whether there is such a database, or to go there
// on the connection where keys are watched.
func (c *Client) selectAsks(r *resp.Request) bool {
	db, refusal := resp.Database(r.Args[1])
	return refusal == "" && c.pool.Config.Databases && (c.own.line != nil || !c.pool.Known(db))
}

// selectMoves reports whether a SELECT leads to other connections to the servers. Then it waits until the requests on
// those before are answered.
func (c *Client) selectMoves(r *resp.Request) bool {
	db, refusal := resp.Database(r.Args[1])
	return refusal == "" && c.pool.Config.Databases && db != c.database()
}

// helloMoves is selectMoves for HELLO.
func (c *Client) helloMoves(r *resp.Request) bool {
	return len(r.Args) > 1 && string(r.Args[1]) != strconv.Itoa(c.proto.Number())
}

// askFor has a server answer SELECT. If it says OK, the database is the client's.
func (c *Client) askFor(r *resp.Request, db int) {
	p := c.pool
	part, err := p.In(c.variant(db))
	if err != nil {
		c.astray = true
		c.unserved(r.Command, err)
		return
	}
	c.part = part
	asked := c.inquire(func(reply []byte) []byte {
		if c.astray = resp.IsError(reply); !c.astray {
			p.Learn(db)
			c.db, c.selected = db, true
		}
		return reply
	})
	if c.own.line == nil {
		part.Commands.Ask(asked, p.Commands.OrAny(distribute.Any), r.Raw)
	} else {
		c.change(asked, c.proto, r.Raw)
	}
}

// lost answers a command that was meant for another database.
func (c *Client) lost() {
	c.pool.Count.ClientErrors++
	why := ""
	if !c.pool.Config.Databases {
		why = ": this pool is database " + strconv.Itoa(c.pool.Config.RedisDB) + " of its servers (redis_db)"
	}
	c.reply("-ERR nothing is carried out on this connection until SELECT succeeds, for the last one was refused" +
		why + "\r\n")
}

// inquiry is a question to a server which the proxy has because of a client's command.
type inquiry struct {
	then func(reply []byte) (answer []byte)
	call *call.Call // the client's
}

// inquire returns a call for a question to a server of c.part. then gets the reply, and returns the client's answer.
// The client's next commands have to wait for it (Alone).
func (c *Client) inquire(then func(reply []byte) (answer []byte)) *distribute.Call {
	return c.part.Commands.NewCall(&inquiry{then, &c.host.RedisCall(1, 0, 0).Call})
}

// Answer implements call.Client.
func (q *inquiry) Answer(asked *call.Call, reply []byte) {
	q.call.Answer(q.then(reply))
	asked.Release()
}

// change asks on the connection where the client's keys are watched for another version of the protocol, or another
// database. EXEC is then carried out there in that version, or database.
func (c *Client) change(asked *distribute.Call, to resp.Proto, raw []byte) {
	line := c.own.line
	c.own.asked = true
	line.Change(to, c.pool.Config.Timeout)
	c.part.Commands.AskOn(asked, line.Conn(), line.Server(), raw)
}
