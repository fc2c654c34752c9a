package ascii

// The error lines and replies of Next, in the words of memcached 1.6.18.
var (
	replyEnd         = []byte("END\r\n")
	replyError       = []byte("ERROR\r\n")
	replyBadLine     = []byte("CLIENT_ERROR bad command line format\r\n")
	replyBadDelete   = []byte("CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n")
	replyBadChunk    = []byte("CLIENT_ERROR bad data chunk\r\n")
	replyBadExptime  = []byte("CLIENT_ERROR invalid exptime argument\r\n")
	replyBadDelta    = []byte("CLIENT_ERROR invalid numeric delta argument\r\n")
	replyTooLarge    = []byte("SERVER_ERROR object too large for cache\r\n")
	replyLineTooLong = []byte("CLIENT_ERROR line too long\r\n") // memcached closes the connection without a reply

	// memcached does echo such keys, see doc.go
	replyKeyEcho      = []byte("CLIENT_ERROR key with a line feed cannot be echoed\r\n")
	replyBadKey       = []byte("CLIENT_ERROR error decoding key\r\n")
	replyBadFlag      = []byte("CLIENT_ERROR invalid flag\r\n")
	replyDupFlag      = []byte("CLIENT_ERROR duplicate flag\r\n")
	replyBadOrDupFlag = []byte("CLIENT_ERROR invalid or duplicate flag\r\n")
	replyBadToken     = []byte("CLIENT_ERROR bad token in command line format\r\n")
	replyModeLength   = []byte("CLIENT_ERROR incorrect length for M token\r\n")
	replyBadModeOfMS  = []byte("CLIENT_ERROR invalid mode for ms M token\r\n")
	replyBadModeOfMA  = []byte("CLIENT_ERROR invalid mode for ma M token\r\n")
	replyLongOpaque   = []byte("CLIENT_ERROR opaque token too long\r\n")
	replyManyFlags    = []byte("CLIENT_ERROR options flags are too long\r\n")
)
