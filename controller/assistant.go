package main

import (
	"callplane/controller/analysis"
	"callplane/controller/config"
	"callplane/controller/recording"
	"callplane/store"
)

// addAssistant makes who analyses what the personal assistant has heard; without a transcriber there is nobody.
func (d *daemon) addAssistant() {
	cfg := d.cfg.Assistant
	server := func(s config.TextServer) analysis.Server {
		return analysis.Server{URL: s.URL, Model: s.Model, Key: s.Key, Timeout: s.Timeout}
	}
	var speech analysis.Transcriber
	switch cfg.Transcriber {
	case "http":
		speech = &analysis.Speech{Server: server(cfg.Speech)}
	case "pocketsphinx":
		speech = &analysis.Pocketsphinx{Models: cfg.Models, Timeout: cfg.Speech.Timeout}
	default:
		return
	}
	var summary analysis.Summariser = analysis.Beginning{}
	if cfg.Chat.URL != "" {
		summary = &analysis.Chat{Server: server(cfg.Chat)}
	}
	d.analyses = analysis.New(analysis.Config{
		Queue: d.db, Transcriber: speech, Summariser: summary, Workers: cfg.Workers, Log: d.log, Language: d.languageSpoken,
		Path: func(r *store.Recording) (string, error) { return recording.Path(d.cfg.Recording.Dir, r) },
	})
}

// kept tells that a recording is there.
func (d *daemon) kept(r store.Recording) {
	if d.analyses != nil && r.Reason.Analysed() {
		d.analyses.Wake()
	}
}

// languageSpoken is the language of the user whose recording it is: recordings do not tell what was spoken.
func (d *daemon) languageSpoken(r store.DueAnalysis) string {
	a := d.dir.Account(r.Account)
	if a == nil {
		return d.cfg.Media.Language
	}
	if u := a.User(r.Extension); u != nil && u.Language != "" {
		return u.Language
	}
	return a.Language
}
