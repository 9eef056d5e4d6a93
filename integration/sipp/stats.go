package sipp

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Stats are the sums over a whole run.
type Stats struct {
	Created, Successful, Failed int
	Retransmissions             int
	Timeouts                    int
	Unexpected                  int
	Elapsed                     time.Duration
	// Response has the mean, in SIPp's steps of some 4 ms, of each response time that the scenario measures: "ring" is INVITE to the first 180 or 183, "answer" is INVITE
	// (or other request) to 200.
	Response map[string]time.Duration
	// Each has every single one, sorted, if Options.EachResponse asked for them.
	Each map[string][]time.Duration
	// Messages in their order, if Options.Messages asked for them.
	Messages []Message
}

// Percentile returns the p-th percentile (0 to 100) of a response time in Each, 0 if there are none.
func (s Stats) Percentile(name string, p float64) time.Duration {
	all := s.Each[name]
	if len(all) == 0 {
		return 0
	}
	i := int(p / 100 * float64(len(all)))
	return all[min(max(i, 0), len(all)-1)]
}

func (p *Process) readStats() (Stats, error) {
	s := Stats{Response: map[string]time.Duration{}, Each: map[string][]time.Duration{}}
	f, err := os.Open(filepath.Join(p.dir, "stat.csv"))
	if err != nil {
		return s, fmt.Errorf("statistics: %w", err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = ';', -1, true
	rows, err := r.ReadAll()
	if err != nil {
		return s, fmt.Errorf("statistics: %w", err)
	}
	if len(rows) < 2 {
		return s, errors.New("statistics are empty")
	}
	head, last := rows[0], rows[len(rows)-1]
	for i, name := range head {
		if i >= len(last) {
			break
		}
		number := func(to *int) {
			if v, err := strconv.Atoi(last[i]); err == nil {
				*to += v
			}
		}
		switch name {
		case "TotalCallCreated":
			number(&s.Created)
		case "SuccessfulCall(C)":
			number(&s.Successful)
		case "FailedCall(C)":
			number(&s.Failed)
		case "Retransmissions(C)":
			number(&s.Retransmissions)
		case "FailedTimeoutOnRecv(C)", "FailedTimeoutOnSend(C)", "FailedMaxUDPRetrans(C)":
			number(&s.Timeouts)
		case "FailedUnexpectedMessage(C)":
			number(&s.Unexpected)
		case "ElapsedTime(C)":
			s.Elapsed, _ = clock(last[i])
		default:
			if rtd, ok := strings.CutPrefix(name, "ResponseTime"); ok {
				if rtd, ok = strings.CutSuffix(rtd, "(C)"); ok && !strings.HasSuffix(rtd, "StDev") {
					if d, err := clock(last[i]); err == nil {
						s.Response[rtd] = d
					}
				}
			}
		}
	}
	return s, errors.Join(p.readEach(&s), p.readMessages(&s))
}

// clock reads SIPp's hours:minutes:seconds, with a fraction after a dot or as a fourth part in microseconds.
func clock(text string) (time.Duration, error) {
	parts := strings.Split(text, ":")
	if len(parts) < 3 {
		return 0, fmt.Errorf("time %q", text)
	}
	var total float64
	for i, scale := range []float64{3600, 60, 1, 1e-6} {
		if i == len(parts) {
			break
		}
		v, err := strconv.ParseFloat(parts[i], 64)
		if err != nil {
			return 0, fmt.Errorf("time %q: %w", text, err)
		}
		total += v * scale
	}
	return time.Duration(total * float64(time.Second)), nil
}

// readEach reads the file of single response times: time; milliseconds; name.
func (p *Process) readEach(s *Stats) error {
	names, err := filepath.Glob(filepath.Join(p.dir, "*_rtt.csv"))
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("response times: %w", err)
		}
		for line := range strings.Lines(string(text)) {
			f := strings.Split(strings.TrimSpace(line), ";")
			if len(f) < 3 {
				continue
			}
			ms, err := strconv.ParseFloat(f[1], 64)
			if err != nil {
				continue // the heading
			}
			s.Each[f[2]] = append(s.Each[f[2]], time.Duration(ms*float64(time.Millisecond)))
		}
	}
	for _, all := range s.Each {
		slices.Sort(all)
	}
	return nil
}
