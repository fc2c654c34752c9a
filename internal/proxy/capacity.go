package proxy

import "context"

// warnShort logs backups that cannot hold what the primaries can, each when that becomes known or changes. It runs on
// the goroutine that asks servers what they store.
func (svc *Service) warnShort(ctx context.Context, told map[string]string) {
	_, all, err := svc.Figures(ctx)
	if err != nil {
		return // the process ends
	}
	for i := range all.Servers {
		v := &all.Servers[i]
		short, name := v.Short(), v.Pool+" "+v.Address
		if short != "" && told[name] != short {
			svc.log.Warn().Str("pool", v.Pool).Str("server", v.Address).
				Uint64("limit_mb", v.Stored.MaxBytes>>20).Uint64("needed_mb", v.Needed>>20).
				Msg("a backup has less memory than its share of the primaries: keys that it evicts are misses while " +
					"their primary is away")
		}
		told[name] = short
	}
}
