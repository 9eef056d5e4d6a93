package api

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/google/uuid"

	"callplane/dialplan"
	"callplane/store"
)

// RecordingFiles are the files of recordings.
type RecordingFiles struct {
	// Open opens the file of a recording; fs.ErrNotExist: it is not there.
	Open func(*store.Recording) (*os.File, error)
	// Remove removes it for good; one that is not there is removed.
	Remove func(*store.Recording) error
	// WriteZIP writes recordings, which pages lists, as one file with an index in a time zone; at most MaxZIP.
	WriteZIP func(ctx context.Context, w io.Writer, zone *time.Location, pages func(context.Context, store.CallCursor) ([]store.Recording, error)) error
	MaxZIP   int
	// OpenExport opens the file of an export that is done, RemoveExport removes it; one that is not there is removed. ExportQueued is told
	// that there is a new one.
	OpenExport   func(*store.RecordingExport) (*os.File, error)
	RemoveExport func(*store.RecordingExport) error
	ExportQueued func()
	// AccountDeleted is told that the recordings of an account are nobody's any more.
	AccountDeleted func(dialplan.AccountID)
}

// RecordingSettings are what an account has recorded (FAC-REC-01). Which users are recorded is in their permissions.
type RecordingSettings struct {
	Enabled       bool  `json:"enabled,omitempty" doc:"Without it nothing is recorded."`
	Outbound      bool  `json:"outbound,omitempty" doc:"Record also calls that users make, where their permissions say so."`
	Indirect      bool  `json:"indirect,omitempty" doc:"ZIP files may be prepared in the background."`
	Mixed         bool  `json:"mixed,omitempty" doc:"Both parties in one channel instead of the user left and the other party right."`
	Assistant     *bool `json:"assistant,omitempty" doc:"Users have the personal assistant, which transcribes and summarises conversations; left out: true."`
	RetentionDays int   `json:"retention_days,omitempty" minimum:"0" maximum:"36500" doc:"Recordings are deleted so many days after they began; 0: never."`
}

// Recording is a recorded conversation, or a part of one.
type Recording struct {
	ID          uuid.UUID `json:"id" format:"uuid"`
	Call        uuid.UUID `json:"call" format:"uuid" doc:"Id of the call; its record has the same as soon as the call is over."`
	Started     time.Time `json:"started"`
	Duration    float64   `json:"duration" doc:"Seconds."`
	Direction   string    `json:"direction" enum:"inbound,outbound" doc:"outbound: the user called."`
	User        string    `json:"user" doc:"Whose conversation it is: the extension's number at that time."`
	Number      string    `json:"number,omitempty" doc:"The other party's; not there: not known."`
	Name        string    `json:"name,omitempty"`
	Reason      string    `json:"reason" enum:"systematic,on-demand,assistant,memo"`
	RequestedBy string    `json:"requested_by,omitempty" doc:"The extension that asked for it; not there: nobody had to."`
	Channels    int       `json:"channels" doc:"1: both parties in one; 2: the user left, the other party right."`
	Size        int64     `json:"size" doc:"Bytes of the file."`
}

func recordingOf(r *store.Recording) Recording {
	out := Recording{ID: r.ID, Call: r.Call, Started: r.Started, Duration: r.Duration.Seconds(), Direction: string(store.CallInbound), User: r.Extension,
		Number: r.Number, Name: r.Name, Reason: string(r.Reason), RequestedBy: r.RequestedBy, Channels: r.Channels, Size: r.Size}
	if r.Outbound {
		out.Direction = string(store.CallOutbound)
	}
	return out
}

// RecordingPath is in the path of a recording.
type RecordingPath struct {
	AccountPath
	Recording string `path:"recording" format:"uuid" doc:"Id of the recording."`
}

// RecordingQuery selects recordings.
type RecordingQuery struct {
	From      time.Time `query:"from" doc:"Those that began at this time or later."`
	To        time.Time `query:"to" doc:"Those that began before this time."`
	User      string    `query:"user" pattern:"^[0-9]{2,5}$" patternDescription:"2 to 5 digits" doc:"Those of this user, by the extension's number at that time."`
	Number    string    `query:"number" maxLength:"40" doc:"Those whose other party has this in the number."`
	Call      string    `query:"call" format:"uuid" doc:"Those of this call."`
	Direction string    `query:"direction" enum:"inbound,outbound" doc:"outbound: the user called."`
	Reason    string    `query:"reason" enum:"systematic,on-demand,assistant,memo"`
	IDs       []string  `query:"id,explode" maxItems:"500" format:"uuid" doc:"These only."`
}

func (q *RecordingQuery) filter() (store.RecordingFilter, error) {
	f := store.RecordingFilter{From: q.From, To: q.To, Extension: q.User, Number: q.Number, Direction: store.CallDirection(q.Direction), Reason: dialplan.RecordReason(q.Reason)}
	var err error
	if q.Call != "" {
		f.Call, err = parseID(q.Call, "query.call")
	}
	for _, s := range q.IDs {
		id, e := parseID(s, "query.id")
		f.IDs, err = append(f.IDs, id), errors.Join(err, e)
	}
	return f, err
}

// parseID reads the id of a thing at a place of a request.
func parseID(s, location string) (uuid.UUID, error) {
	id, err := uuid.Parse(s)
	if err != nil {
		return id, problem(http.StatusUnprocessableEntity, "validation failed", &huma.ErrorDetail{Location: location, Message: "must be a UUID"})
	}
	return id, nil
}

func (s *server) recordings(api huma.API) {
	const tag = "recordings"
	const settings, list, one = "/accounts/{account}/recording-settings", "/accounts/{account}/recordings", "/accounts/{account}/recordings/{recording}"
	// Who manages recordings may do everything with them; whose own they are may not delete any.
	all := func(o huma.Operation) huma.Operation { return also(o, store.RoleRecordings) }
	own := func(o huma.Operation) huma.Operation { return also(o, store.RoleRecordings, store.RoleOwnRecordings) }
	register(s, api, scopeAccount, op("get-recording-settings", http.MethodGet, settings, tag, "Get what is recorded"), s.getRecordingSettings)
	register(s, api, scopeAccount, op("update-recording-settings", http.MethodPut, settings, tag, "Replace what is recorded"), s.updateRecordingSettings)
	register(s, api, scopeAccount, own(op("list-recordings", http.MethodGet, list, tag, "List recordings, the newest first")), s.listRecordings)
	register(s, api, scopeAccount, all(op("delete-recordings", http.MethodDelete, list, tag, "Delete several recordings, all or none")), s.deleteRecordings)
	register(s, api, scopeAccount, own(op("get-recording", http.MethodGet, one, tag, "Get a recording")), s.getRecording)
	register(s, api, scopeAccount, all(op("delete-recording", http.MethodDelete, one, tag, "Delete a recording")), s.deleteRecording)
	play := own(op("play-recording", http.MethodGet, one+"/audio", tag, "Get the sound of a recording, or a range of its bytes"))
	play.Responses = map[string]*huma.Response{}
	for status, text := range map[string]string{"200": "The file.", "206": "A part of it."} {
		play.Responses[status] = &huma.Response{Description: text, Content: map[string]*huma.MediaType{"audio/wav": fileSchema()}}
	}
	play.Errors = append(play.Errors, http.StatusRequestedRangeNotSatisfiable)
	register(s, api, scopeAccount, play, s.playRecording)
	zip := own(op("download-recordings", http.MethodGet, list+".zip", tag, "Download recordings as one ZIP file"))
	zip.Description = "The file is made while it is sent. Beside the recordings, in folders by date, it has an index.csv, in which the first column is empty for a recording whose file is not there. " +
		"An answer that breaks off is not complete."
	zip.Responses = map[string]*huma.Response{"200": {Description: "The file.", Content: map[string]*huma.MediaType{"application/zip": fileSchema()}}}
	zip.Errors = append(zip.Errors, http.StatusUnprocessableEntity, http.StatusTooManyRequests)
	register(s, api, scopeAccount, zip, s.downloadRecordings)
}

func settingsOf(r *store.RecordingSettings) RecordingSettings {
	return RecordingSettings{Enabled: r.Enabled, Outbound: r.Outbound, Indirect: r.Indirect, Mixed: r.Mixed, Assistant: ptr(r.Assistant), RetentionDays: r.RetentionDays}
}

func (s *server) getRecordingSettings(ctx context.Context, in *AccountPath) (out *Row[RecordingSettings], err error) {
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		r, err := tx.ReadRecordingSettings(ctx)
		if err == nil {
			out = row(r.Revision, settingsOf(r))
		}
		return err
	})
}

func (s *server) updateRecordingSettings(ctx context.Context, in *struct {
	AccountPath
	Match
	Body RecordingSettings
}) (out *Row[RecordingSettings], err error) {
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		r, err := tx.ReadRecordingSettings(ctx)
		if err != nil {
			return err
		}
		before, b := settingsOf(r), in.Body
		r.Enabled, r.Outbound, r.Indirect, r.Mixed, r.Assistant, r.RetentionDays = b.Enabled, b.Outbound, b.Indirect, b.Mixed, b.Assistant == nil || *b.Assistant, b.RetentionDays
		if r.Revision, err = in.revision(r.Revision); err != nil {
			return err
		}
		if err := tx.SetRecordingSettings(ctx, r); err != nil {
			return err
		}
		out = row(r.Revision, settingsOf(r))
		return s.record(ctx, tx, in.id(), actionUpdate, "recording settings", itoa(in.Account), before, out.Body)
	})
}

// ownUser is the id of the user whose recordings, and what the assistant made of them, alone who asks may have; 0: all of the account.
func ownUser(ctx context.Context, tx *store.Tx) (int64, error) {
	p := who(ctx)
	if p.role != store.RoleOwnRecordings && p.role != store.RoleUser {
		return 0, nil
	}
	e, err := tx.ReadExtension(ctx, p.user)
	if isNotFound(err) {
		return 0, problem(http.StatusForbidden, "the user of this login is not there any more")
	}
	if err != nil {
		return 0, err
	}
	return e.ID, nil
}

func (s *server) listRecordings(ctx context.Context, in *struct {
	AccountPath
	PageQuery
	RecordingQuery
}) (*struct{ Body Feed[Recording] }, error) {
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	if f.Before, err = in.place(); err != nil {
		return nil, err
	}
	out := &struct{ Body Feed[Recording] }{}
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) (err error) {
		if f.UserID, err = ownUser(ctx, tx); err != nil {
			return err
		}
		rows, err := tx.ListRecordings(ctx, f, in.Limit+1)
		out.Body = feed(rows, in.Limit, placeOfRecording, recordingOf)
		return err
	})
}

func placeOfRecording(r *store.Recording) string {
	return placeOf(store.CallCursor{Started: r.Started, ID: r.ID})
}

// readRecording finds a recording that who asks may have.
func readRecording(ctx context.Context, tx *store.Tx, in *RecordingPath) (*store.Recording, error) {
	id, err := parseID(in.Recording, "path.recording")
	if err != nil {
		return nil, err
	}
	own, err := ownUser(ctx, tx)
	if err != nil {
		return nil, err
	}
	r, err := tx.ReadRecording(ctx, id)
	if err == nil && own != 0 && r.UserID != own {
		return nil, &store.NotFound{Entity: "recording", Key: id.String()}
	}
	return r, err
}

func (s *server) getRecording(ctx context.Context, in *RecordingPath) (out *struct{ Body Recording }, err error) {
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		r, err := readRecording(ctx, tx, in)
		if err == nil {
			out = &struct{ Body Recording }{recordingOf(r)}
		}
		return err
	})
}

func (s *server) deleteRecording(ctx context.Context, in *RecordingPath) (*Empty, error) {
	return &Empty{}, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		r, err := readRecording(ctx, tx, in)
		if err != nil {
			return err
		}
		return s.removeRecording(ctx, tx, r)
	})
}

// removeRecording deletes a recording. Its file goes before the transaction ends: what is said to be deleted is nowhere any more, and
// what a failure leaves is a recording without a file, which can be deleted once more.
func (s *server) removeRecording(ctx context.Context, tx *store.Tx, r *store.Recording) error {
	if err := tx.DeleteRecording(ctx, r.ID); err != nil {
		return err
	}
	if err := s.record(ctx, tx, r.Account, actionDelete, "recording", r.ID.String(), recordingOf(r), nil); err != nil {
		return err
	}
	if s.cfg.Recordings.Remove == nil {
		return problem(http.StatusServiceUnavailable, "recordings are not kept here")
	}
	return s.cfg.Recordings.Remove(r)
}

func (s *server) deleteRecordings(ctx context.Context, in *struct {
	AccountPath
	IDs []string `query:"id,explode" minItems:"1" maxItems:"500" required:"true" format:"uuid" doc:"Which."`
}) (*Empty, error) {
	f, err := (&RecordingQuery{IDs: in.IDs}).filter()
	if err != nil {
		return nil, err
	}
	return &Empty{}, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		done := make(map[uuid.UUID]bool, len(f.IDs))
		var list []*store.Recording
		for _, id := range f.IDs {
			if done[id] {
				continue
			}
			done[id] = true
			r, err := tx.ReadRecording(ctx, id)
			if err != nil {
				return err
			}
			list = append(list, r)
		}
		for _, r := range list {
			if err := s.removeRecording(ctx, tx, r); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *server) playRecording(ctx context.Context, in *struct {
	RecordingPath
	Download bool   `query:"download" doc:"For saving instead of playing."`
	Range    string `header:"Range" maxLength:"200" doc:"For example bytes=0-65535 (RFC 9110 section 14.2)."`
}) (*huma.StreamResponse, error) {
	var r *store.Recording
	var zone *time.Location
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) (err error) {
		zone = zoneOf(a)
		r, err = readRecording(ctx, tx, &in.RecordingPath)
		return err
	})
	if err != nil {
		return nil, err
	}
	if s.cfg.Recordings.Open == nil {
		return nil, problem(http.StatusServiceUnavailable, "recordings are not kept here")
	}
	f, err := s.cfg.Recordings.Open(r)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, problem(http.StatusNotFound, "the file of the recording is not there")
	}
	if err != nil {
		return nil, s.answer(ctx, err, nil)
	}
	name := r.Started.In(zone).Format("20060102-150405") + "-" + r.Extension + ".wav"
	return s.serveFile(f, "audio/wav", r.ID.String(), name, in.Download), nil
}

// serveFile answers with a file that never changes, or with the range of it that is asked for.
func (s *server) serveFile(f *os.File, contentType, tag, name string, download bool) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer func() { _ = f.Close() }() // it was only read
		r, w := humachi.Unwrap(c)
		way := "inline"
		if download {
			way = "attachment"
		}
		h := w.Header()
		h.Set("Content-Type", contentType)
		h.Set("ETag", `"`+tag+`"`)
		h.Set("Content-Disposition", way+`; filename="`+name+`"`)
		http.ServeContent(newPatient(w), r, "", time.Time{}, f)
	}}
}

// zoneOf is the time zone of an account.
func zoneOf(a *store.Account) *time.Location {
	zone, err := time.LoadLocation(a.TimeZone)
	if err != nil {
		return time.UTC // it was checked when it was set
	}
	return zone
}

func (s *server) downloadRecordings(ctx context.Context, in *struct {
	AccountPath
	RecordingQuery
}) (*huma.StreamResponse, error) {
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	if s.cfg.Recordings.WriteZIP == nil {
		return nil, problem(http.StatusServiceUnavailable, "recordings are not kept here")
	}
	var zone *time.Location
	err = s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) (err error) {
		zone = zoneOf(a)
		if f.UserID, err = ownUser(ctx, tx); err != nil {
			return err
		}
		_, _, err = s.countRecordings(ctx, tx, f, "query")
		return err
	})
	if err != nil {
		return nil, err
	}
	p := who(ctx)
	if !s.readers.enter(p.id) {
		return nil, problem(http.StatusTooManyRequests, "too much is being sent for this token or login")
	}
	pages := func(ctx context.Context, after store.CallCursor) (list []store.Recording, err error) {
		// It may take hours: whoever may not any more gets no more.
		if err := s.again(ctx, p); err != nil {
			return nil, err
		}
		f := f
		f.Before = after
		err = s.cfg.DB.Account(ctx, in.id(), func(tx *store.Tx) (err error) {
			list, err = tx.ListRecordings(ctx, f, 500)
			return err
		})
		return list, err
	}
	name := zipName(time.Now(), zone)
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer s.readers.leave(p.id)
		_, w := humachi.Unwrap(c)
		w.Header().Set("Content-Type", "application/zip")
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
		err := s.cfg.Recordings.WriteZIP(c.Context(), newPatient(w), zone, pages)
		if err == nil {
			return
		}
		if c.Context().Err() == nil {
			s.log.Error("a ZIP of recordings breaks off", "account", in.Account, "error", err)
		}
		// The client must not take for whole what it has got.
		panic(http.ErrAbortHandler)
	}}, nil
}

// countRecordings refuses a selection that is too large for one file; place is where in the request it is.
func (s *server) countRecordings(ctx context.Context, tx *store.Tx, f store.RecordingFilter, place string) (n int, size int64, err error) {
	most := s.cfg.Recordings.MaxZIP
	n, size, err = tx.CountRecordings(ctx, f, most+1)
	if err == nil && n > most {
		err = problem(http.StatusUnprocessableEntity, "validation failed", &huma.ErrorDetail{Location: place + ".from",
			Message: "these are more than " + itoa(int64(most)) + " recordings: choose a shorter period"})
	}
	return n, size, err
}
