// Package view is what the members of a fleet agree on: who is alive, who owns which group of keys, how the pools
// look. It is a value, the commands that change it, and the pure function Apply(View, Command). Every member
// applies the same commands in the same order, which raft decides, so all come to the same views.
//
// Nothing here knows of raft, of time or of messages. What a command claims (a death is proven, a member has
// stopped) is made sure by who proposes it; Apply checks what can be checked by the view alone.
package view
