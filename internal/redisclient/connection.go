package redisclient

import (
	"fmt"
	"strings"

	"magent/internal/loop"
	"magent/resp"
)

// badName is Redis's answer to a client name that cannot be shown in a list.
const badName = "-ERR Client names cannot contain spaces, newlines or special characters.\r\n"

// client carries out CLIENT, as far as it concerns the client's own connection to the proxy.
func (c *Client) client(r *resp.Request) {
	sub := strings.ToLower(string(r.Args[1]))
	args := r.Args[2:]
	switch known, fits := resp.ClientArity(sub, len(args)); {
	case !known:
		c.reject(r, resp.AppendError(c.loop.Line[:0],
			"ERR 'client|"+sub+"' is not supported here: it is about other connections than the client's own to the "+
				"proxy, or nobody's"))
		return
	case !fits:
		c.reject(r, resp.AppendError(c.loop.Line[:0], "ERR wrong number of arguments for 'client|"+sub+"' command"))
		return
	}
	switch sub {
	case "id":
		c.tell(resp.AppendInt(c.loop.Line[:0], c.id))
	case "getname":
		if len(c.name) == 0 {
			c.tell(c.proto.AppendNull(c.loop.Line[:0]))
			return
		}
		c.tell(resp.AppendBulk(c.loop.Line[:0], c.name))
	case "setname":
		c.setName(args[0])
	case "setinfo":
		c.setInfo(args[0], args[1])
	case "info", "list": // nobody else is shown
		c.tell(c.proto.AppendText(c.loop.Line[:0], c.describeSelf()))
	case "caching":
		c.say("-ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode " +
			"enabled\r\n")
	case "getredir":
		c.tell(resp.AppendInt(c.loop.Line[:0], -1))
	case "trackinginfo":
		c.trackingInfo()
	case "reply", "tracking", "no-evict", "no-touch":
		c.clientSwitch(r, sub, strings.ToLower(string(args[0])))
	}
}

// clientSwitch answers settings that the proxy does not have. They can only be set to what is the case.
func (c *Client) clientSwitch(r *resp.Request, sub, to string) {
	if is := map[string]string{"reply": "on", "tracking": "off", "no-evict": "off", "no-touch": "off"}[sub]; to != is {
		text := "ERR 'client|" + sub + " " + to + "' is not supported here: the connections to the servers are " +
			"shared by all clients"
		if sub == "tracking" {
			text += ", so no client can be told what has changed: switch client-side caching off"
		}
		c.reject(r, resp.AppendError(c.loop.Line[:0], text))
		return
	}
	c.say("+OK\r\n")
}

// trackingInfo says that the client is not told what has changed.
func (c *Client) trackingInfo() {
	line := resp.AppendBulkString(c.proto.AppendMap(c.loop.Line[:0], 3), "flags")
	line = resp.AppendBulkString(c.proto.AppendSet(line, 1), "off")
	line = resp.AppendInt(resp.AppendBulkString(line, "redirect"), -1)
	c.tell(resp.AppendArray(resp.AppendBulkString(line, "prefixes"), 0))
}

// describeSelf returns the client's line in CLIENT LIST.
func (c *Client) describeSelf() string {
	remote, _ := loop.RemoteEndpoint(c.fd)
	local, _ := loop.LocalEndpoint(c.fd)
	return fmt.Sprintf("id=%d addr=%s laddr=%s fd=%d name=%s db=%d resp=%d user=%s\n",
		c.id, remote, local, c.fd, c.name, c.database(), c.proto.Number(), defaultUser)
}

func (c *Client) setName(name []byte) {
	if !resp.ValidName(name) {
		c.say(badName)
		return
	}
	c.name = append([]byte(nil), name...)
	c.say("+OK\r\n")
}

// setInfo accepts the name and version of the client's library. Nothing is done with them.
func (c *Client) setInfo(what, value []byte) {
	switch strings.ToLower(string(what)) {
	case "lib-name", "lib-ver":
	default:
		c.tell(resp.AppendError(c.loop.Line[:0], "ERR Unrecognized option '"+string(what)+"'"))
		return
	}
	if !resp.ValidName(value) {
		c.tell(resp.AppendError(c.loop.Line[:0],
			"ERR "+strings.ToLower(string(what))+" cannot contain spaces, newlines or special characters."))
		return
	}
	c.say("+OK\r\n")
}

// defaultUser is the only user.
const defaultUser = "default"
