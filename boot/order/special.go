package order

// placeWithoutHeader keeps scripts that have no header where their links put
// them: behind the one before, and stopping before the one after.
func (r *run) placeWithoutHeader() {
	for _, s := range r.services {
		if s.has(alias) || !s.has(noHeader) {
			continue
		}
		var before, after *service
		for _, o := range r.services {
			if o.has(alias) || o.has(noHeader) || !o.has(enabled) || o == s {
				continue
			}
			if o.start > 0 && o.start < s.start && o.side(starting).levels&s.side(starting).levels != 0 &&
				(before == nil || o.start > before.start) {
				before = o
			}
			if o.stop > s.stop && o.side(stopping).levels&s.side(stopping).levels != 0 &&
				(after == nil || o.stop < after.stop) {
				after = o
			}
		}
		if before != nil {
			r.link(before.node, s.node, starting)
		}
		if after != nil {
			r.link(s.node, after.node, stopping)
		}
	}
}

// placeAll adds the edges of scripts that ask to stop before all others, and of
// those that ask to start after all others.
func (r *run) placeAll() {
	shared := stopping
	if r.rules.AllAfterwards {
		shared = starting
	}
	for _, s := range r.services {
		if !s.has(wantsFirst) || s.has(alias) {
			continue
		}
		s.side(stopping).depth = max(s.side(stopping).depth, 1)
		for _, o := range r.services {
			if o != s && !o.has(alias|wantsFirst) && o.side(shared).levels&s.side(shared).levels != 0 {
				r.requireStop(s, o, false)
			}
		}
	}
	if r.rules.AllAfterwards {
		return
	}
	for _, s := range r.services {
		if !s.has(wantsAll) || s.has(alias) {
			continue
		}
		for _, o := range r.services {
			if o != s && !o.has(alias|wantsAll) && o.side(starting).levels&s.side(starting).levels != 0 {
				r.requireStart(s, o, false)
			}
		}
	}
}

// placeAllAfterwards is how insserv 1.12 puts scripts that ask for it after all
// others: one behind the last that shares a runlevel.
func (r *run) placeAllAfterwards() {
	if !r.rules.AllAfterwards {
		return
	}
	for _, s := range r.services {
		if !s.has(wantsAll) || s.has(alias) {
			continue
		}
		own := s.side(starting)
		for _, o := range r.services {
			if o == s || o.has(alias) || o.side(starting).levels&own.levels == 0 {
				continue
			}
			if depth := o.side(starting).depth; depth >= own.depth {
				own.depth = min(depth+1, max(lastSequence, r.deepest[starting]))
			}
		}
		if own.levels&normalLevels != 0 {
			r.deepest[starting] = max(r.deepest[starting], own.depth)
		}
	}
}
