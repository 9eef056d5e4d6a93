package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/media"
	"callplane/store"
)

// AudioRecording is audio of an account that extensions play: uploaded, or recorded at a phone (FAC-AUD-01).
type AudioRecording struct {
	Key     string    `json:"key" doc:"What extensions name it by."`
	Name    string    `json:"name"`
	Seconds float64   `json:"seconds" doc:"Length."`
	Created time.Time `json:"created"`
	UsedBy  []string  `json:"used_by,omitempty" doc:"What plays it; not in lists."`
}

// AudioPath is in the path of a recording.
type AudioPath struct {
	AccountPath
	Audio string `path:"audio" pattern:"^[a-z0-9][a-z0-9_.-]{0,99}$" patternDescription:"a media key: lower-case letters, digits, _ . and -" doc:"Its key."`
}

// AudioInput is what may be changed of a recording.
type AudioInput struct {
	Name string `json:"name" minLength:"1" maxLength:"200"`
}

// Resolve checks what the schema can't.
func (r *AudioInput) Resolve(huma.Context) []error { return errorsOf(text("name", r.Name)) }

// AudioCopy says where a copy goes.
type AudioCopy struct {
	Extension string `json:"extension" pattern:"^[0-9]{2,5}$" patternDescription:"2 to 5 digits" doc:"The extension that plays the copy from then on."`
	Place     string `json:"place,omitempty" maxLength:"40" pattern:"^[a-z_]*$" patternDescription:"the name of a field" doc:"Which of its recordings, for example announcement or failed; empty: the usual one."`
	Key       string `json:"key,omitempty" pattern:"^([a-z0-9][a-z0-9_.-]{0,99})?$" patternDescription:"a media key: lower-case letters, digits, _ . and -" doc:"Of the copy; empty: the lowest number that is free."`
	Name      string `json:"name,omitempty" maxLength:"200" doc:"Of the copy; empty: the same."`
}

// Resolve checks what the schema can't.
func (r *AudioCopy) Resolve(huma.Context) []error { return errorsOf(text("name", r.Name)) }

// Playlist is music on hold: recordings one after the other, and again (FAC-MOH-01).
type Playlist struct {
	Recordings []string `json:"recordings" required:"false" maxItems:"50" doc:"Keys of recordings; none: the account's playlist, or for the account the system's music."`
}

func (s *server) audio(api huma.API) {
	const tag = "audio"
	const list, one = "/accounts/{account}/audio", "/accounts/{account}/audio/{audio}"
	register(s, api, scopeAccount, op("list-audio", http.MethodGet, list, tag, "List recordings by key"), s.listAudio)
	register(s, api, scopeAccount, upload(op("upload-audio", http.MethodPost, list, tag, "Make a recording of a WAV or MP3 file")), s.uploadAudio)
	register(s, api, scopeAccount, op("get-audio", http.MethodGet, one, tag, "Get a recording"), s.getAudio)
	register(s, api, scopeAccount, op("rename-audio", http.MethodPut, one, tag, "Change the name of a recording"), s.renameAudio)
	register(s, api, scopeAccount, op("delete-audio", http.MethodDelete, one, tag, "Delete a recording that nothing plays"), s.deleteAudio)
	register(s, api, scopeAccount, op("copy-audio", http.MethodPost, one+"/copy", tag, "Copy a recording for another extension, which plays the copy"), s.copyAudio)
	register(s, api, scopeAccount, upload(op("replace-audio", http.MethodPut, one+"/file", tag, "Replace the audio of a recording by a WAV or MP3 file")), s.replaceAudio)
	play := op("play-audio", http.MethodGet, one+"/file", tag, "Get the audio of a recording")
	play.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"audio/wav": fileSchema()}}}
	register(s, api, scopeAccount, play, s.playAudio)

	const music = "/accounts/{account}/music-on-hold"
	const own = "/accounts/{account}/extensions/{extension}/music-on-hold"
	register(s, api, scopeAccount, op("get-music-on-hold", http.MethodGet, music, tag, "Get the account's music on hold"), s.getMusic)
	register(s, api, scopeAccount, op("set-music-on-hold", http.MethodPut, music, tag, "Replace the account's music on hold"), s.setMusic)
	register(s, api, scopeAccount, op("get-extension-music", http.MethodGet, own, tag, "Get the music of who waits at an extension"), s.getExtensionMusic)
	register(s, api, scopeAccount, op("set-extension-music", http.MethodPut, own, tag, "Replace the music of who waits at an extension"), s.setExtensionMusic)
}

func fileSchema() *huma.MediaType {
	return &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
}

// upload is an operation whose body is a file, which its handler reads as it comes (metaStream).
func upload(o huma.Operation) huma.Operation {
	o.Metadata = map[string]any{metaStream: true}
	o.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"audio/wav": fileSchema(), "audio/mpeg": fileSchema()},
		Description: "The file, at most " + strconv.Itoa(media.MaxUpload>>20) + " MiB and " + strconv.Itoa(int(media.MaxLength/time.Minute)) + " minutes."}
	o.Errors = append(o.Errors, http.StatusRequestEntityTooLarge)
	return o
}

// uploadTime is how long a client may take to send a file.
const uploadTime = 10 * time.Minute

type streamKey struct{}

// stream gives the handler the body to read by itself.
func stream(c huma.Context, next func(huma.Context)) {
	_ = c.SetReadDeadline(time.Now().Add(uploadTime)) // where it can't be set there is none
	next(huma.WithValue(c, streamKey{}, c.BodyReader()))
}

func audioOf(m *store.Media, by []string) AudioRecording {
	r := AudioRecording{Key: m.Key, Name: m.Name, Created: m.Created, UsedBy: by}
	for _, f := range m.Files {
		r.Seconds = f.Duration.Seconds()
	}
	return r
}

func (s *server) listAudio(ctx context.Context, in *struct{ AccountPath }) (*PageOutput[AudioRecording], error) {
	out := &PageOutput[AudioRecording]{Body: Page[AudioRecording]{Items: []AudioRecording{}}}
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		list, err := tx.ListMedia(ctx)
		for i := range list {
			out.Body.Items = append(out.Body.Items, audioOf(&list[i], nil))
		}
		out.Body.Total = len(list)
		return err
	})
	return out, err
}

// receive takes a file from the client and makes one of the library of it. Errors name the body.
func (s *server) receive(ctx context.Context, account dialplan.AccountID, key string, size int64) (store.MediaFile, error) {
	var none store.MediaFile
	if s.cfg.Audio == nil {
		return none, problem(http.StatusServiceUnavailable, "recordings can't be kept here")
	}
	large := problem(http.StatusRequestEntityTooLarge, media.ErrTooLarge.Error(), &huma.ErrorDetail{Location: "body", Message: media.ErrTooLarge.Error()})
	if size > media.MaxUpload {
		return none, large
	}
	body, _ := ctx.Value(streamKey{}).(io.Reader)
	if body == nil {
		body = http.NoBody
	}
	path, err := s.cfg.Audio.Receive(body)
	defer func() { s.cfg.Audio.Discard(path) }()
	var bad *media.BadAudio
	switch {
	case errors.Is(err, media.ErrTooLarge):
		return none, large
	case err != nil:
		return none, err
	}
	f, err := s.cfg.Audio.Convert(ctx, account, key, path)
	if errors.As(err, &bad) {
		return none, invalid(&huma.ErrorDetail{Location: "body", Message: bad.Reason})
	}
	return f, err
}

func (s *server) uploadAudio(ctx context.Context, in *struct {
	AccountPath
	Key    string `query:"key" pattern:"^([a-z0-9][a-z0-9_.-]{0,99})?$" patternDescription:"a media key: lower-case letters, digits, _ . and -" doc:"Empty: the lowest number that is free."`
	Name   string `query:"name" maxLength:"200" doc:"Empty: the key."`
	Length int64  `header:"Content-Length"`
}) (*Row[AudioRecording], error) {
	if errs := text("name", in.Name); len(errs) > 0 {
		return nil, invalid(&huma.ErrorDetail{Location: "query.name", Message: errs[0].Message})
	}
	taken := problem(http.StatusConflict, "key is already in use", &huma.ErrorDetail{Location: "query.key", Message: "is already in use"})
	// What can't be kept is refused before the file is sent.
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		if in.Key == "" {
			return nil
		}
		_, err := tx.ReadMedia(ctx, in.Key)
		switch {
		case err == nil:
			return taken
		case isNotFound(err):
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	name := in.Key
	if name == "" {
		name = "upload"
	}
	f, err := s.receive(ctx, in.id(), name, in.Length)
	if err != nil {
		return nil, s.answer(ctx, err, nil)
	}
	var out *Row[AudioRecording]
	err = s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		m := &store.Media{Key: in.Key, Name: in.Name, Files: []store.MediaFile{f}}
		if m.Name == "" {
			m.Name = "Recording " + in.Key
		}
		var conflict *store.Conflict
		err := tx.CreateMedia(ctx, m)
		if errors.As(err, &conflict) {
			return taken
		}
		if err != nil {
			return err
		}
		shown := audioOf(m, nil)
		out = created(m.Revision, shown, "/accounts/%d/audio/%s", in.Account, m.Key)
		return s.record(ctx, tx, in.id(), actionCreate, "audio", m.Key, nil, shown)
	})
	return out, err
}

func (s *server) getAudio(ctx context.Context, in *AudioPath) (*Row[AudioRecording], error) {
	var out *Row[AudioRecording]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		m, err := tx.ReadMedia(ctx, in.Audio)
		if err != nil {
			return err
		}
		by, err := tx.MediaUses(ctx, in.Audio)
		out = row(m.Revision, audioOf(m, by))
		return err
	})
	return out, err
}

func (s *server) renameAudio(ctx context.Context, in *struct {
	AudioPath
	Match
	Body AudioInput
}) (*Row[AudioRecording], error) {
	var out *Row[AudioRecording]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		m, err := tx.ReadMedia(ctx, in.Audio)
		if err != nil {
			return err
		}
		before := audioOf(m, nil)
		if m.Revision, err = in.revision(m.Revision); err != nil {
			return err
		}
		m.Name = in.Body.Name
		if err := tx.RenameMedia(ctx, m); err != nil {
			return err
		}
		after := audioOf(m, nil)
		out = row(m.Revision, after)
		return s.record(ctx, tx, in.id(), actionUpdate, "audio", m.Key, before, after)
	})
	return out, err
}

func (s *server) replaceAudio(ctx context.Context, in *struct {
	AudioPath
	Match
	Length int64 `header:"Content-Length"`
}) (*Row[AudioRecording], error) {
	var was int64
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		m, err := tx.ReadMedia(ctx, in.Audio)
		if err != nil {
			return err
		}
		was = m.Revision
		return replaceable(m, in.Match, was)
	})
	if err != nil {
		return nil, err
	}
	f, err := s.receive(ctx, in.id(), in.Audio, in.Length)
	if err != nil {
		return nil, s.answer(ctx, err, nil)
	}
	var out *Row[AudioRecording]
	err = s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		m, err := tx.ReadMedia(ctx, in.Audio)
		if err == nil {
			err = replaceable(m, in.Match, was)
		}
		if err != nil {
			return err
		}
		before := audioOf(m, nil)
		m.Files = []store.MediaFile{f}
		if err := tx.PutMedia(ctx, m); err != nil {
			return err
		}
		after := audioOf(m, nil)
		out = row(m.Revision, after)
		return s.record(ctx, tx, in.id(), actionUpdate, "audio", m.Key, before, after)
	})
	return out, err
}

// replaceable refuses to replace what has changed since it was read.
func replaceable(m *store.Media, match Match, was int64) error {
	want, err := match.revision(was)
	if err == nil && want != m.Revision {
		err = &store.Stale{Entity: "audio", Key: m.Key, Current: m.Revision}
	}
	return err
}

func (s *server) deleteAudio(ctx context.Context, in *struct {
	AudioPath
	Match
}) (*Empty, error) {
	return &Empty{}, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		m, err := tx.ReadMedia(ctx, in.Audio)
		if err != nil {
			return err
		}
		rev, err := in.revision(m.Revision)
		if err != nil {
			return err
		}
		if err := tx.DeleteMedia(ctx, in.Audio, rev); err != nil {
			return err
		}
		return s.record(ctx, tx, in.id(), actionDelete, "audio", in.Audio, audioOf(m, nil), nil)
	})
}

func (s *server) playAudio(ctx context.Context, in *AudioPath) (*huma.StreamResponse, error) {
	var m *store.Media
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) (err error) {
		m, err = tx.ReadMedia(ctx, in.Audio)
		return err
	})
	if err != nil {
		return nil, err
	}
	if s.cfg.Audio == nil {
		return nil, problem(http.StatusServiceUnavailable, "recordings are not kept here")
	}
	f, err := s.cfg.Audio.Open(in.id(), m)
	var none *media.MissingError
	if errors.As(err, &none) {
		return nil, problem(http.StatusNotFound, "the recording has no audio")
	}
	if err != nil {
		return nil, s.answer(ctx, err, nil)
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer f.Close()
		c.SetHeader("Content-Type", "audio/wav")
		c.SetHeader("Content-Disposition", `attachment; filename="`+m.Key+`.wav"`)
		if st, err := f.Stat(); err == nil {
			c.SetHeader("Content-Length", strconv.FormatInt(st.Size(), 10))
		}
		_, _ = io.Copy(c.BodyWriter(), f) // the client went away
	}}, nil
}

func (s *server) copyAudio(ctx context.Context, in *struct {
	AudioPath
	Body AudioCopy
}) (*Row[AudioRecording], error) {
	var out *Row[AudioRecording]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		m, err := tx.ReadMedia(ctx, in.Audio)
		if err != nil {
			return err
		}
		if len(m.Files) == 0 {
			return problem(http.StatusConflict, "the recording has no audio")
		}
		e, err := tx.ReadExtension(ctx, in.Body.Extension)
		if isNotFound(err) {
			return invalid(field("extension", "extension "+in.Body.Extension+" does not exist"))
		}
		if err != nil {
			return err
		}
		before := extensionOf(e)
		place := audioPlace(e.Config, in.Body.Place)
		if place == nil {
			if _, plays := e.Config.(dialplan.PlaysAudio); !plays {
				return invalid(field("extension", "an extension of kind "+before.Kind+" plays no recordings"))
			}
			return invalid(field("place", "an extension of kind "+before.Kind+" has no such recording"))
		}
		c := &store.Media{Key: in.Body.Key, Name: m.Name, Files: m.Files} // the file is never changed: both may have it
		if in.Body.Name != "" {
			c.Name = in.Body.Name
		}
		if err := tx.CreateMedia(ctx, c); err != nil {
			return err
		}
		*place = c.Key
		if err := tx.UpdateExtension(ctx, in.Body.Extension, e); err != nil {
			return err
		}
		shown := audioOf(c, []string{before.Kind + " " + e.Number})
		out = created(c.Revision, shown, "/accounts/%d/audio/%s", in.Account, c.Key)
		return s.record(ctx, tx, in.id(), actionCreate, "audio", c.Key, nil, shown)
	})
	return out, err
}

// audioPlace finds a place for a recording by its name, "" the first; nil when there is none.
func audioPlace(c dialplan.ExtensionConfig, name string) *string {
	p, ok := c.(dialplan.PlaysAudio)
	if !ok {
		return nil
	}
	for _, f := range p.AudioFields() {
		if name == "" || f.Name == name {
			return f.Key
		}
	}
	return nil
}

func (s *server) getMusic(ctx context.Context, in *struct{ AccountPath }) (*struct{ Body Playlist }, error) {
	return s.music(ctx, in.id(), "")
}

func (s *server) getExtensionMusic(ctx context.Context, in *ExtensionPath) (*struct{ Body Playlist }, error) {
	return s.music(ctx, in.id(), in.Extension)
}

func (s *server) music(ctx context.Context, id dialplan.AccountID, extension string) (*struct{ Body Playlist }, error) {
	out := &struct{ Body Playlist }{Playlist{[]string{}}}
	err := s.inAccount(ctx, id, nil, func(tx *store.Tx, _ *store.Account) error {
		keys, err := tx.HoldMusic(ctx, extension)
		out.Body.Recordings = append(out.Body.Recordings, keys...)
		return err
	})
	return out, err
}

func (s *server) setMusic(ctx context.Context, in *struct {
	AccountPath
	Body Playlist
}) (*struct{ Body Playlist }, error) {
	return s.putMusic(ctx, in.id(), "", in.Body)
}

func (s *server) setExtensionMusic(ctx context.Context, in *struct {
	ExtensionPath
	Body Playlist
}) (*struct{ Body Playlist }, error) {
	return s.putMusic(ctx, in.id(), in.Extension, in.Body)
}

func (s *server) putMusic(ctx context.Context, id dialplan.AccountID, extension string, p Playlist) (*struct{ Body Playlist }, error) {
	if p.Recordings == nil {
		p.Recordings = []string{}
	}
	owner := extension
	if owner == "" {
		owner = "account"
	}
	err := s.inAccount(ctx, id, nil, func(tx *store.Tx, _ *store.Account) error {
		before, err := tx.HoldMusic(ctx, extension)
		if err != nil {
			return err
		}
		list, err := tx.ListMedia(ctx)
		if err != nil {
			return err
		}
		there := make(map[string]bool, len(list))
		for _, m := range list {
			there[m.Key] = true
		}
		for i, key := range p.Recordings {
			if !there[key] {
				return invalid(field("recordings["+strconv.Itoa(i)+"]", "there is no such recording"))
			}
		}
		if err := tx.SetHoldMusic(ctx, extension, p.Recordings); err != nil {
			return err
		}
		return s.record(ctx, tx, id, actionUpdate, "music on hold", owner, Playlist{before}, p)
	})
	return &struct{ Body Playlist }{p}, err
}
