package journal

// Server returns the number of a server. The same name gets the same number. It is called at the start only.
func (j *Journal) Server(s Server) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, known := range j.servers {
		if known.name == s {
			return i
		}
	}
	j.servers = append(j.servers, &server{name: s})
	return len(j.servers) - 1
}

// Dirty records that the server has missed a mutation of key. It does not keep the slice.
func (j *Journal) Dirty(loop, server int, key []byte) { j.record(isDirty, loop, server, key) }

// All records that everything is dirty on the server.
func (j *Journal) All(loop, server int) { j.record(isAll, loop, server, nil) }

// Incomplete records that the server came back empty, and is being refilled from the other copies.
func (j *Journal) Incomplete(loop, server int) { j.record(isIncomplete, loop, server, nil) }

// Clean voids all records of this loop about the server.
func (j *Journal) Clean(loop, server int) {
	j.mu.Lock()
	err := j.clean(loop, server)
	j.mu.Unlock()
	j.tell(err)
}

func (j *Journal) record(k kind, loop, server int, key []byte) {
	j.mu.Lock()
	err := j.add(k, loop, server, key)
	j.mu.Unlock()
	j.tell(err)
}

// add writes a record, after those that a reader needs to understand it, with one write.
func (j *Journal) add(k kind, loop, server int, key []byte) error {
	if j.file == nil {
		return nil
	}
	if k == isDirty && (len(key) > maxBody || j.size >= j.limit) {
		k, key = isAll, nil
	}
	s := j.servers[server]
	h := s.holding(loop)
	if h.covers(k) {
		return nil
	}
	first, begins := j.held == 0, s.held == 0
	j.hold(s, h, k)
	if j.broken && !(first && j.empty()) {
		return nil
	}
	if first {
		if err := j.reach(); err != nil {
			return j.fail(err)
		}
	}
	j.introduce(server, begins)
	j.buf = appendRecord(j.buf, k, loop, server, key)
	return j.flush()
}

// hold counts the record, whether or not it can be written.
func (j *Journal) hold(s *server, h *holding, k kind) {
	if !h.any {
		h.any = true
		s.held++
		j.held++
	}
	h.all = h.all || k == isAll
	h.incomplete = h.incomplete || k == isIncomplete
}

// introduce adds the server's name and identity to the buffer, if they are not in the file yet.
func (j *Journal) introduce(server int, begins bool) {
	s := j.servers[server]
	if !s.named {
		j.buf = appendRecord(j.buf, isServer, 0, server, appendName(nil, s.name))
		s.named = true
	}
	if begins && s.identity != "" {
		j.buf = appendRecord(j.buf, isIdentity, 0, server, s.identity)
	}
}

// flush writes the buffer.
func (j *Journal) flush() error {
	n, err := j.file.WriteAt(j.buf, j.size)
	j.size += int64(n)
	j.buf = j.buf[:0]
	if err != nil {
		return j.fail(err)
	}
	return nil
}

// clean writes that the records are void. If no others count, it empties the file instead. The lock is held, so no
// other loop can add a record in between.
func (j *Journal) clean(loop, server int) error {
	s := j.servers[server]
	h := s.holding(loop)
	if j.file == nil || !h.any {
		return nil
	}
	*h = holding{}
	s.held--
	j.held--
	if j.held == 0 && j.empty() || j.broken {
		return nil
	}
	j.buf = appendRecord(j.buf, isClean, loop, server, "")
	return j.flush()
}

// holding returns what the file says for this loop. The list grows as needed.
func (s *server) holding(loop int) *holding {
	for loop >= len(s.loops) {
		s.loops = append(s.loops, holding{})
	}
	return &s.loops[loop]
}
