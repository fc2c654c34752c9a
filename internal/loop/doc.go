// Package loop is the event loop: epoll, file descriptors, timers, buffers, and a mailbox for tasks from other
// goroutines. It knows no protocol.
//
// A Loop is run by one goroutine. Only that goroutine touches what is registered with the loop, so no locks are
// needed. A turn of the loop has these steps:
//
//	wait for events -> Handler.OnReady for each -> tasks of the mailbox -> timers that are due
//	-> Flusher.Flush for each that was marked -> close descriptors
//
// Its users can rely on three rules:
//   - Output is collected during the turn and written once, in Flush.
//   - Descriptors are closed after all events of the turn. So no event of this turn reaches a descriptor whose number
//     was reused. A generation in the epoll data protects against older events.
//   - The clock (Now) is read once per turn: everything in a turn happens at the same time.
package loop
