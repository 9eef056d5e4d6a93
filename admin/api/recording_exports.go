package api

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"callplane/store"
)

// ExportInput selects recordings for a ZIP file that is prepared in the background.
type ExportInput struct {
	From      time.Time `json:"from,omitzero" doc:"Those that began at this time or later."`
	To        time.Time `json:"to,omitzero" doc:"Those that began before this time; not there: now."`
	User      string    `json:"user,omitempty" pattern:"^([0-9]{2,5})?$" patternDescription:"2 to 5 digits" doc:"Those of this user, by the extension's number at that time."`
	Number    string    `json:"number,omitempty" maxLength:"40" doc:"Those whose other party has this in the number."`
	Direction string    `json:"direction,omitempty" enum:",inbound,outbound" doc:"outbound: the user called."`
	IDs       []string  `json:"ids,omitempty" required:"false" maxItems:"10000" format:"uuid" doc:"These only."`
}

// Resolve checks what the schema can't.
func (in *ExportInput) Resolve(huma.Context) []error { return errorsOf(text("number", in.Number)) }

func (in *ExportInput) filter() (store.RecordingFilter, error) {
	now := time.Now()
	f := store.RecordingFilter{From: in.From, To: in.To, Extension: in.User, Number: in.Number, Direction: store.CallDirection(in.Direction)}
	if f.To.IsZero() || f.To.After(now) {
		f.To = now
	}
	for _, s := range in.IDs {
		id, err := parseID(s, "body.ids")
		if err != nil {
			return f, err
		}
		f.IDs = append(f.IDs, id)
	}
	return f, nil
}

// Export is a ZIP file of recordings that is prepared in the background.
type Export struct {
	ID         uuid.UUID `json:"id" format:"uuid"`
	State      string    `json:"state" enum:"queued,running,done,failed"`
	Reason     string    `json:"reason,omitempty" doc:"Why it failed."`
	CreatedBy  string    `json:"created_by"`
	Created    time.Time `json:"created"`
	Finished   time.Time `json:"finished,omitzero"`
	Expires    time.Time `json:"expires,omitzero" doc:"When it is removed."`
	Recordings int       `json:"recordings" doc:"How many there were when it was asked for."`
	Bytes      int64     `json:"bytes" doc:"Of these recordings."`
	DoneBytes  int64     `json:"done_bytes" doc:"How far it is; of one that is done the size of the file."`
}

func exportOf(e *store.RecordingExport) Export {
	return Export{ID: e.ID, State: string(e.State), Reason: e.Reason, CreatedBy: e.CreatedBy, Created: e.Created, Finished: e.Finished, Expires: e.Expires,
		Recordings: e.Recordings, Bytes: e.Bytes, DoneBytes: e.DoneBytes}
}

// ExportPath is in the path of an export.
type ExportPath struct {
	AccountPath
	Export string `path:"export" format:"uuid" doc:"Id of the export."`
}

// openExports is how many exports of an account may wait.
const openExports = 20

func (s *server) recordingExports(api huma.API) {
	const tag = "recordings"
	const list, one = "/accounts/{account}/recording-exports", "/accounts/{account}/recording-exports/{export}"
	own := func(o huma.Operation) huma.Operation { return also(o, store.RoleRecordings, store.RoleOwnRecordings) }
	register(s, api, scopeAccount, own(op("list-recording-exports", http.MethodGet, list, tag, "List ZIP files of recordings, the newest first")), s.listExports)
	create := own(op("create-recording-export", http.MethodPost, list, tag, "Have a ZIP file of recordings prepared in the background"))
	create.Description = "It can be fetched for 24 hours after it is done. The account must have `indirect` set. Roles that see recordings of one user get those of that user."
	register(s, api, scopeAccount, create, s.createExport)
	register(s, api, scopeAccount, own(op("get-recording-export", http.MethodGet, one, tag, "Get how far a ZIP file is")), s.getExport)
	register(s, api, scopeAccount, own(op("delete-recording-export", http.MethodDelete, one, tag, "Delete a ZIP file, or stop its preparation")), s.deleteExport)
	file := own(op("download-recording-export", http.MethodGet, one+"/file", tag, "Get a ZIP file that is done, or a range of its bytes"))
	file.Responses = map[string]*huma.Response{}
	for status, text := range map[string]string{"200": "The file.", "206": "A part of it."} {
		file.Responses[status] = &huma.Response{Description: text, Content: map[string]*huma.MediaType{"application/zip": fileSchema()}}
	}
	file.Errors = append(file.Errors, http.StatusConflict, http.StatusRequestedRangeNotSatisfiable)
	register(s, api, scopeAccount, file, s.downloadExport)
}

func (s *server) listExports(ctx context.Context, in *struct {
	AccountPath
	PageQuery
}) (out *PageOutput[Export], err error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		own, err := ownUser(ctx, tx)
		if err != nil {
			return err
		}
		rows, total, err := tx.ListExports(ctx, own, p)
		out = answerPage(rows, total, p, exportOf)
		return err
	})
}

// ExportCreated is the answer with a new export.
type ExportCreated struct {
	Location string `header:"Location"`
	Body     Export
}

func (s *server) createExport(ctx context.Context, in *struct {
	AccountPath
	Body ExportInput
}) (*ExportCreated, error) {
	f, err := in.Body.filter()
	if err != nil {
		return nil, err
	}
	e := &store.RecordingExport{CreatedBy: who(ctx).name}
	out := &ExportCreated{}
	err = s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		settings, err := tx.ReadRecordingSettings(ctx)
		if err != nil {
			return err
		}
		if !settings.Indirect {
			return problem(http.StatusConflict, "the account has no indirect download of recordings")
		}
		if f.UserID, err = ownUser(ctx, tx); err != nil {
			return err
		}
		open := 0
		rows, _, err := tx.ListExports(ctx, 0, store.Page{Limit: 1000})
		if err != nil {
			return err
		}
		for _, x := range rows {
			if x.State == store.ExportQueued || x.State == store.ExportRunning {
				open++
			}
		}
		if open >= openExports {
			return problem(http.StatusConflict, "as many exports as may be are being prepared")
		}
		if e.Recordings, e.Bytes, err = s.countRecordings(ctx, tx, f, "body"); err != nil {
			return err
		}
		e.Selection = f
		if err := tx.CreateExport(ctx, e); err != nil {
			return err
		}
		out.Body = exportOf(e)
		return s.record(ctx, tx, in.id(), actionCreate, "recording export", e.ID.String(), nil, out.Body)
	})
	if err != nil {
		return nil, err
	}
	out.Location = Prefix + "/accounts/" + itoa(in.Account) + "/recording-exports/" + e.ID.String()
	if s.cfg.Recordings.ExportQueued != nil {
		s.cfg.Recordings.ExportQueued()
	}
	return out, nil
}

// readExport finds an export that who asks may have.
func (s *server) readExport(ctx context.Context, in *ExportPath, f func(*store.Tx, *store.RecordingExport) error) error {
	id, err := parseID(in.Export, "path.export")
	if err != nil {
		return err
	}
	return s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		own, err := ownUser(ctx, tx)
		if err != nil {
			return err
		}
		e, err := tx.ReadExport(ctx, id)
		if err == nil && own != 0 && e.Selection.UserID != own {
			err = &store.NotFound{Entity: "export", Key: id.String()}
		}
		if err != nil {
			return err
		}
		return f(tx, e)
	})
}

func (s *server) getExport(ctx context.Context, in *ExportPath) (out *struct{ Body Export }, err error) {
	return out, s.readExport(ctx, in, func(_ *store.Tx, e *store.RecordingExport) error {
		out = &struct{ Body Export }{exportOf(e)}
		return nil
	})
}

func (s *server) deleteExport(ctx context.Context, in *ExportPath) (*Empty, error) {
	return &Empty{}, s.readExport(ctx, in, func(tx *store.Tx, e *store.RecordingExport) error {
		if err := tx.DeleteExport(ctx, e.ID); err != nil {
			return err
		}
		if err := s.record(ctx, tx, in.id(), actionDelete, "recording export", e.ID.String(), exportOf(e), nil); err != nil {
			return err
		}
		if s.cfg.Recordings.RemoveExport == nil {
			return nil
		}
		return s.cfg.Recordings.RemoveExport(e)
	})
}

func (s *server) downloadExport(ctx context.Context, in *struct {
	ExportPath
	Range string `header:"Range" maxLength:"200" doc:"For example bytes=0-65535 (RFC 9110 section 14.2)."`
}) (*huma.StreamResponse, error) {
	var e *store.RecordingExport
	var zone *time.Location
	err := s.readExport(ctx, &in.ExportPath, func(tx *store.Tx, x *store.RecordingExport) error {
		a, err := tx.ReadAccount(ctx, in.id())
		if err == nil {
			e, zone = x, zoneOf(a)
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case e.State != store.ExportDone:
		return nil, problem(http.StatusConflict, "the export is not done: it is "+string(e.State))
	case s.cfg.Recordings.OpenExport == nil:
		return nil, problem(http.StatusServiceUnavailable, "recordings are not kept here")
	}
	f, err := s.cfg.Recordings.OpenExport(e)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, problem(http.StatusNotFound, "the file of the export is not there any more")
	}
	if err != nil {
		return nil, s.answer(ctx, err, nil)
	}
	return s.serveFile(f, "application/zip", e.ID.String(), zipName(e.Created, zone), true), nil
}

// zipName is what a ZIP file of recordings is saved as.
func zipName(at time.Time, zone *time.Location) string {
	return "recordings-" + at.In(zone).Format("20060102-150405") + ".zip"
}
