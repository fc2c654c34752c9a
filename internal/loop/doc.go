// Package loop is the event loop: epoll, file descriptors, timers, buffers, and the mailbox through which the
// rest of the process speaks to it. It knows no protocol.
//
// One Loop is one goroutine. Everything registered with it is touched by that goroutine alone, so its users
// need no locks. A turn of the loop is:
//
//	wait for events -> Handler.OnReady for each -> mailbox -> timers -> Flusher.Flush for whoever was marked -> close fds
//
// Three rules follow from that order and make the code above simple:
//   - Output is collected during the turn and written once, in Flush.
//   - A descriptor is closed after the whole batch of events, so a late event never meets a reused number;
//     a generation in the epoll data catches what is left.
//   - Now is read once per turn: all that happens in a turn happens at the same time.
package loop
