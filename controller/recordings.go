package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/crypto/ssh"
	"golang.org/x/sync/errgroup"

	"callplane/admin/api"
	"callplane/controller/config"
	"callplane/controller/recording"
	"callplane/controller/recording/sftp"
	"callplane/provisioning"
	"callplane/store"
)

// addRecordings makes what keeps recordings and gives them out.
func (d *daemon) addRecordings() (err error) {
	dir := d.cfg.Recording.Dir
	if d.recorder, err = recording.New(recording.Config{Dir: dir, Store: d.db, Engine: d.collector, Log: d.log, Kept: d.kept}); err != nil {
		return err
	}
	d.archive = &recording.Archive{Dir: dir}
	if d.exports, err = recording.NewExports(recording.ExportsConfig{Archive: d.archive, DB: d.db, Log: d.log}); err != nil {
		return err
	}
	gauges := make(map[string]prometheus.Gauge)
	for name, help := range map[string]string{
		"callplane_recordings":                "Recordings that are kept, by the last look at all of them.",
		"callplane_recordings_without_file":   "Recordings whose file is not there, by the last look at all of them.",
		"callplane_recording_files_set_aside": "Files that were no recording's and were set aside at the last look at all of them.",
	} {
		gauges[name] = prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
		if err := d.metrics.Register(gauges[name]); err != nil {
			return err
		}
	}
	d.retention = recording.NewRetention(recording.RetentionConfig{Archive: d.archive, DB: d.db, Log: d.log, Swept: func(s recording.Sweep) {
		gauges["callplane_recordings"].Set(float64(s.Recordings - s.Deleted))
		gauges["callplane_recordings_without_file"].Set(float64(s.Fileless))
		gauges["callplane_recording_files_set_aside"].Set(float64(s.Orphans))
	}})
	return nil
}

// runRecordings starts what works with recordings.
func (d *daemon) runRecordings(ctx context.Context, g *errgroup.Group) {
	g.Go(func() error { d.recorder.Run(ctx); return nil })
	g.Go(func() error { d.exports.Run(ctx); return nil })
	g.Go(func() error { d.retention.Run(ctx); return nil })
}

// addSFTP opens the SFTP server's port, where one is configured; nil: there is none.
func (d *daemon) addSFTP() (func(context.Context) error, error) {
	if d.cfg.SFTP.Listen == "" {
		return nil, nil
	}
	key, err := sftp.HostKey(d.cfg.SFTP.HostKey)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", d.cfg.SFTP.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	d.log.Info("SFTP server is running", "address", l.Addr().String(), "host key", ssh.FingerprintSHA256(key.PublicKey()))
	server := sftp.New(sftp.Config{DB: d.db, Archive: d.archive, HostKey: key, Guard: provisioning.NewAuthGuard(guardConfig(d.cfg.Security)), Log: d.log})
	return func(ctx context.Context) error { return server.Serve(ctx, l) }, nil
}

// guardConfig are the limits for who guesses.
func guardConfig(s config.Security) provisioning.GuardConfig {
	return provisioning.GuardConfig{Failures: s.AuthFailures, Window: s.AuthWindow, Block: s.Block, BlockMax: s.BlockMax, Allow: s.Allow, MaxTracked: s.MaxTracked}
}

// recordingFiles are what the API has of the archive.
func (d *daemon) recordingFiles() api.RecordingFiles {
	return api.RecordingFiles{
		Open: d.archive.Open, Remove: d.archive.Remove, MaxZIP: recording.MaxZIP,
		WriteZIP: func(ctx context.Context, w io.Writer, zone *time.Location, pages func(context.Context, store.CallCursor) ([]store.Recording, error)) error {
			return d.archive.WriteZIP(ctx, w, zone, pages)
		},
		OpenExport: d.exports.Open, RemoveExport: d.exports.Remove, ExportQueued: d.exports.Wake, AccountDeleted: d.retention.AccountDeleted,
	}
}
