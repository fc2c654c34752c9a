// Package decide has what the engine of a memcached pool decides, as tables: pure functions of plain values. PlanOf
// says how a request is carried out, and Traits what keeps the two copies of a mutation alike. Judge says which reply
// the client sees. Compared, Attempt, FragmentReply and Shown say what happens next in plans of several steps.
//
// Nothing here sends anything, or knows a server.
package decide
