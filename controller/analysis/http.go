package analysis

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"

	"callplane/store"
)

// Server is a server of OpenAI's HTTP interface, which many others speak.
type Server struct {
	URL     string // its base, for example http://127.0.0.1:8000/v1
	Model   string
	Key     string        // sent as Bearer; empty: none
	Timeout time.Duration // of one request
	Client  *http.Client  // nil: one that follows no redirection
}

// maxAnswer is how many bytes of an answer are read.
const maxAnswer = 8 << 20

// post sends a body and reads the answer, which must be JSON.
func (s *Server) post(ctx context.Context, path, contentType string, body io.Reader, size int64, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(s.URL, "/")+path, body)
	if err != nil {
		return &Final{err}
	}
	req.ContentLength = size
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", "application/json")
	if s.Key != "" {
		req.Header.Set("Authorization", "Bearer "+s.Key)
	}
	client := s.Client
	if client == nil {
		// The sound and the key are for this server only.
		client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return refusal(res, raw)
	}
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if len(raw) > maxAnswer {
		return &Final{fmt.Errorf("the answer has more than %d bytes", maxAnswer)}
	}
	if err := json.Unmarshal(raw, answer); err != nil {
		return fmt.Errorf("the answer is not what was expected: %w: %s", err, excerpt(raw))
	}
	return nil
}

// refusal is the error of a status: what the server says of this very recording is final, all else may pass or be mended.
func refusal(res *http.Response, raw []byte) error {
	err := fmt.Errorf("the server answered %s: %s", res.Status, excerpt(raw))
	switch res.StatusCode {
	case http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return &Final{err}
	}
	text := res.Header.Get("Retry-After")
	if seconds, e := strconv.Atoi(text); e == nil && seconds > 0 {
		return &Later{err, time.Duration(min(seconds, 86400)) * time.Second}
	}
	if at, e := http.ParseTime(text); e == nil {
		return &Later{err, time.Until(at)}
	}
	return err
}

func excerpt(raw []byte) string {
	return strings.TrimSpace(strings.ToValidUTF8(clip(string(raw[:min(len(raw), 400)]), 200), "\uFFFD"))
}

// Speech transcribes by a server: POST /audio/transcriptions.
type Speech struct{ Server }

// Transcribe implements Transcriber. Each party is sent by itself, so that it is known who said what.
func (s *Speech) Transcribe(ctx context.Context, file, language string) ([]store.Spoken, error) {
	return eachSide(file, func(channel int) ([]store.Spoken, error) { return s.one(ctx, file, channel, language) })
}

func (s *Speech) one(ctx context.Context, file string, channel int, language string) ([]store.Spoken, error) {
	sound, _, err := openSide(file, channel)
	if err != nil {
		return nil, err
	}
	defer func() { _ = sound.Close() }()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for _, f := range [][2]string{{"model", s.Model}, {"language", language}, {"response_format", "verbose_json"}} {
		if err := w.WriteField(f[0], f[1]); err != nil {
			return nil, err
		}
	}
	if _, err := w.CreateFormFile("file", "recording.wav"); err != nil {
		return nil, err
	}
	begin := form.Len()
	if err := w.Close(); err != nil {
		return nil, err
	}
	// The form is cut where the sound belongs, which is read while it is sent.
	body := io.MultiReader(bytes.NewReader(form.Bytes()[:begin]), sound, bytes.NewReader(form.Bytes()[begin:]))
	var answer struct {
		Text     *string `json:"text"`
		Segments []struct {
			Start float64 `json:"start"`
			Text  string  `json:"text"`
		} `json:"segments"`
	}
	if err := s.post(ctx, "/audio/transcriptions", w.FormDataContentType(), body, int64(form.Len())+sound.size, &answer); err != nil {
		return nil, err
	}
	if answer.Text == nil && answer.Segments == nil {
		return nil, errors.New("the answer is not what was expected: it has neither text nor segments")
	}
	var out []store.Spoken
	for _, x := range answer.Segments {
		if text := strings.TrimSpace(x.Text); text != "" {
			out = append(out, store.Spoken{At: max(0, x.Start), Text: text})
		}
	}
	if len(answer.Segments) == 0 && strings.TrimSpace(*answer.Text) != "" {
		out = append(out, store.Spoken{Text: strings.TrimSpace(*answer.Text)})
	}
	return out, nil
}

// Chat summarises by a language model on a server: POST /chat/completions.
type Chat struct{ Server }

// maxChat is how many bytes of a transcript the model is given: of a longer one the middle is left out.
const maxChat = 100_000

// Summarise implements Summariser.
func (c *Chat) Summarise(ctx context.Context, d store.DueAnalysis, said []store.Spoken, language string) (string, error) {
	type message struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	}
	body, err := json.Marshal(map[string]any{
		"model": c.Model, "temperature": 0.2, "max_tokens": 1000, "stream": false,
		"messages": []message{{"system", instruction(language)}, {"user", dialogue(said, language)}},
	})
	if err != nil {
		return "", err
	}
	var answer struct {
		Choices []struct {
			Message struct {
				Content string `json:"content"`
			} `json:"message"`
		} `json:"choices"`
	}
	if err := c.post(ctx, "/chat/completions", "application/json", bytes.NewReader(body), int64(len(body)), &answer); err != nil {
		return "", err
	}
	if len(answer.Choices) == 0 {
		return "", errors.New("the answer is not what was expected: it has no choices")
	}
	text := strings.TrimSpace(answer.Choices[0].Message.Content)
	if _, after, ok := strings.Cut(text, "</think>"); ok { // what some models think aloud before
		text = strings.TrimSpace(after)
	}
	if text == "" {
		return "", errors.New("the answer is not what was expected: it is empty")
	}
	return text, nil
}
