// Package asteriskconf holds the configuration of Asterisk that this product runs
// with: complete, minimal and rendered from Settings, so that nothing of a
// distribution's example configuration is ever in force. README.md says which
// questions Asterisk asks the controller over HTTP.
package asteriskconf

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed conf/*.conf
var files embed.FS

// Settings is everything about an Asterisk that is not the same everywhere.
// Ports are 1 to 65535; paths are absolute.
type Settings struct {
	// BindIP is where SIP listens; default 0.0.0.0. ARI and AMI listen on 127.0.0.1.
	BindIP string
	// ExternalIP is what SIP and SDP name instead when this host is behind NAT, for
	// peers outside LocalNets.
	ExternalIP string
	LocalNets  []string

	SIPPort int // phones, UDP and TCP
	// TrunkPort is for carriers, UDP and TCP; 0: they use SIPPort.
	TrunkPort int
	// TLSPort is SIP over TLS; 0: none. It needs TLSCertFile and TLSKeyFile (PEM).
	TLSPort                            int
	TLSCertFile, TLSKeyFile, TLSCAFile string
	RTPStart, RTPEnd                   int
	HTTPPort, AMIPort                  int
	ARIUser, ARIPassword               string
	AMIUser, AMISecret                 string
	ConfDir, ModDir, DataDir, StateDir string
	SpoolDir, RunDir, LogDir, SbinDir  string
	// ControllerURL is where SIP accounts are asked for, with the token in its path:
	// http://127.0.0.1:8080/asterisk/<token>. No trailing slash.
	ControllerURL string
	// App is the Stasis application of the controller; default callplane.
	App string
	// Realm of digest challenges to unknown accounts; default callplane.
	Realm string
	// Codecs in order of preference; default alaw,ulaw,g722,opus.
	Codecs    string
	UserAgent string
	// Debug is Asterisk's debug level; above 0 the log has debug lines too.
	Debug int
}

// Modules lists what is loaded, without .so. It holds nothing that opens a port, runs
// a command or reads a database.
func (Settings) Modules() []string {
	return strings.Fields(`
res_pjproject res_http_websocket res_websocket_client res_ari res_ari_model res_stasis res_stasis_answer
res_stasis_playback res_stasis_recording res_stasis_snoop app_stasis app_stack app_userevent
res_ari_applications res_ari_asterisk res_ari_bridges res_ari_channels
res_ari_endpoints res_ari_events res_ari_playbacks res_ari_recordings res_ari_sounds
res_musiconhold pbx_config
res_rtp_asterisk res_srtp
res_pjsip res_pjsip_session res_pjsip_sdp_rtp res_pjsip_acl res_pjsip_authenticator_digest
res_pjsip_outbound_authenticator_digest res_pjsip_outbound_registration res_pjsip_caller_id
res_pjsip_diversion res_pjsip_dtmf_info res_pjsip_empty_info res_pjsip_dlg_options
res_pjsip_endpoint_identifier_ip res_pjsip_endpoint_identifier_user res_pjsip_header_funcs
res_pjsip_nat res_pjsip_refer res_pjsip_registrar res_pjsip_rfc3326 res_pjsip_path
res_pjsip_maintenance res_pjsip_notify res_pjsip_pubsub res_pjsip_outbound_publish res_pjsip_exten_state
res_pjsip_dialog_info_body_generator res_pjsip_pidf_body_generator res_pjsip_xpidf_body_generator
res_pjsip_mwi res_pjsip_mwi_body_generator chan_pjsip
bridge_simple bridge_holding bridge_softmix bridge_native_rtp bridge_builtin_features
codec_alaw codec_ulaw codec_a_mu codec_g722 codec_gsm codec_resample codec_opus_open_source
res_format_attr_opus
format_wav format_pcm format_sln
func_callerid func_channel func_devstate func_hangupcause func_logic func_math func_pjsip_aor
func_pjsip_contact func_pjsip_endpoint func_strings func_uri func_cut func_sorcery`)
}

func (s Settings) withDefaults() Settings {
	def := func(p *string, v string) {
		if *p == "" {
			*p = v
		}
	}
	def(&s.BindIP, "0.0.0.0")
	def(&s.App, "callplane")
	def(&s.Realm, "callplane")
	def(&s.Codecs, "alaw,ulaw,g722,opus")
	def(&s.UserAgent, "Callplane")
	return s
}

// check refuses what would make Asterisk start with another meaning than was written.
func (s Settings) check() error {
	var errs []error
	bad := func(key, why string) { errs = append(errs, fmt.Errorf("asterisk setting %s: %s", key, why)) }
	for key, port := range map[string]int{"SIPPort": s.SIPPort, "RTPStart": s.RTPStart, "RTPEnd": s.RTPEnd, "HTTPPort": s.HTTPPort, "AMIPort": s.AMIPort} {
		if port < 1 || port > 65535 {
			bad(key, "must be 1 to 65535")
		}
	}
	for key, port := range map[string]int{"TrunkPort": s.TrunkPort, "TLSPort": s.TLSPort} {
		if port < 0 || port > 65535 {
			bad(key, "must be 0 to 65535")
		}
	}
	if s.RTPEnd <= s.RTPStart {
		bad("RTPEnd", "must be above RTPStart")
	}
	if s.TLSPort > 0 && (s.TLSCertFile == "" || s.TLSKeyFile == "") {
		bad("TLSPort", "needs TLSCertFile and TLSKeyFile")
	}
	if _, err := netip.ParseAddr(s.BindIP); err != nil {
		bad("BindIP", "must be an IP address")
	}
	for _, n := range s.LocalNets {
		if _, _, err := net.ParseCIDR(n); err != nil {
			bad("LocalNets", "must be CIDR networks")
		}
	}
	for key, v := range map[string]string{"ARIPassword": s.ARIPassword, "AMISecret": s.AMISecret} {
		if len(v) < 16 {
			bad(key, "must have at least 16 characters")
		}
	}
	for key, v := range map[string]string{"ARIUser": s.ARIUser, "AMIUser": s.AMIUser} {
		if v == "" || v == "general" || v == "globals" {
			bad(key, "must be a name")
		}
	}
	if u, err := url.Parse(s.ControllerURL); err != nil || u.Scheme != "http" || u.Host == "" || u.RawQuery != "" ||
		strings.HasSuffix(s.ControllerURL, "/") {
		bad("ControllerURL", "must be http://host:port/path without a query or trailing slash")
	}
	for key, v := range map[string]string{
		"ConfDir": s.ConfDir, "ModDir": s.ModDir, "DataDir": s.DataDir, "StateDir": s.StateDir,
		"SpoolDir": s.SpoolDir, "RunDir": s.RunDir, "LogDir": s.LogDir, "SbinDir": s.SbinDir,
	} {
		if !filepath.IsAbs(v) {
			bad(key, "must be an absolute path")
		}
	}
	for key, v := range s.texts() {
		if strings.ContainsAny(v, ";\r\n\x00[]\"") || strings.TrimSpace(v) != v {
			bad(key, "must not contain ; [ ] \" or line breaks, or begin or end with a space")
		}
	}
	return errors.Join(errs...)
}

func (s Settings) texts() map[string]string {
	return map[string]string{
		"ExternalIP": s.ExternalIP, "TLSCertFile": s.TLSCertFile, "TLSKeyFile": s.TLSKeyFile, "TLSCAFile": s.TLSCAFile,
		"ARIUser": s.ARIUser, "ARIPassword": s.ARIPassword, "AMIUser": s.AMIUser, "AMISecret": s.AMISecret,
		"ConfDir": s.ConfDir, "ModDir": s.ModDir, "DataDir": s.DataDir, "StateDir": s.StateDir, "SpoolDir": s.SpoolDir,
		"RunDir": s.RunDir, "LogDir": s.LogDir, "SbinDir": s.SbinDir, "ControllerURL": s.ControllerURL, "App": s.App,
		"Realm": s.Realm, "Codecs": s.Codecs, "UserAgent": s.UserAgent,
	}
}

// Render writes the configuration into s.ConfDir and makes the other directories. Files
// are readable by their owner only, for they hold passwords.
func Render(s Settings) error {
	s = s.withDefaults()
	if err := s.check(); err != nil {
		return err
	}
	for _, dir := range []string{s.ConfDir, s.StateDir, filepath.Join(s.StateDir, "cache"), filepath.Join(s.StateDir, "keys"), s.SpoolDir,
		filepath.Join(s.SpoolDir, "recording"), s.RunDir, s.LogDir} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return fmt.Errorf("directory for Asterisk: %w", err)
		}
	}
	tmpl, err := template.New("").ParseFS(files, "conf/*.conf")
	if err != nil {
		return fmt.Errorf("templates of the Asterisk configuration: %w", err)
	}
	entries, err := files.ReadDir("conf")
	if err != nil {
		return fmt.Errorf("templates of the Asterisk configuration: %w", err)
	}
	for _, e := range entries {
		var b bytes.Buffer
		if err := tmpl.ExecuteTemplate(&b, e.Name(), s); err != nil {
			return fmt.Errorf("render %s: %w", e.Name(), err)
		}
		if err := os.WriteFile(filepath.Join(s.ConfDir, e.Name()), b.Bytes(), 0o600); err != nil {
			return fmt.Errorf("write the Asterisk configuration: %w", err)
		}
	}
	return nil
}
