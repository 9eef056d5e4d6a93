package config

import (
	"fmt"
	"strings"
)

// Markdown is docs/configuration.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString("# Configuration\n\n" +
		"<!-- Made from the table of keys in controller/config/keys.go by `callplane config --markdown`; do not edit. -->\n\n" +
		"A value comes from, in this order: a flag (`--log.level debug`), the environment\n" +
		"(`CALLPLANE_LOG_LEVEL=debug`), the YAML file (`--config`, `CALLPLANE_CONFIG`, else `" + DefaultFile + "`), the default.\n" +
		"A wrong value, an unknown key of the file or a missing required key stops the start with the key's name.\n\n" +
		"Secrets are not taken from flags. Each can be in a file of its own, named by the key with `_file`\n" +
		"(`CALLPLANE_HTTP_TOKEN_FILE=/run/secrets/token`, `--http.token_file …`).\n\n" +
		"| Key | Environment | Value | Default | |\n|---|---|---|---|---|\n")
	for _, k := range Keys() {
		notes := k.Doc
		if k.Secret {
			notes += " Secret."
		}
		def := "`" + k.Default + "`"
		switch {
		case k.Required:
			def = "required"
		case k.Default == "":
			def = ""
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s | %s |\n", k.Name, k.Env(), cell(k.Type), def, cell(notes))
	}
	b.WriteString("\n## An entry of engines\n\n| Field | |\n|---|---|\n")
	for _, f := range engineFields() {
		name := "`" + f.name + "`"
		if f.secret {
			name += ", `" + f.name + fileSuffix + "`"
		}
		fmt.Fprintf(&b, "| %s | %s |\n", name, cell(f.doc))
	}
	b.WriteString("\n## Example\n\n```yaml\n" + Example() + "```\n")
	return b.String()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// Example is a configuration file with every key: what has a default is commented out.
func Example() string {
	values := map[string]string{
		"http.token":   "token_file: /etc/callplane/token",
		"database.dsn": "dsn: postgres://callplane@127.0.0.1/callplane",
		"sip.domain":   "domain: sip.example.com",
		"engines": `engines:
  - name: fs1
    type: freeswitch
    address: 127.0.0.1:8021
    password_file: /etc/callplane/fs1.password
  #- name: ast1
  #  type: asterisk
  #  address: http://127.0.0.1:8088
  #  user: callplane
  #  password_file: /etc/callplane/ari.password
  #  manager_address: 127.0.0.1:5038
  #  manager_user: callplane
  #  manager_password_file: /etc/callplane/ami.password
  #  recording_dir: /var/spool/asterisk/recording
`,
		"security.allow": "#allow: [192.0.2.0/24]",
	}
	var b strings.Builder
	section := ""
	for _, k := range Keys() {
		s, name, nested := strings.Cut(k.Name, ".")
		if !nested {
			b.WriteString("\n# " + k.Doc + "\n" + values[k.Name])
			continue
		}
		if s != section {
			section = s
			b.WriteString("\n" + s + ":\n")
		}
		b.WriteString("  # " + k.Doc + "\n")
		line, ok := values[k.Name]
		if !ok {
			line = "#" + name + ": " + k.Default
		}
		b.WriteString("  " + line + "\n")
	}
	return strings.TrimPrefix(b.String(), "\n")
}

// EnvFile is the environment file of deploy/ with every key: what has a default is commented out.
func EnvFile() string {
	var b strings.Builder
	b.WriteString("# Every key of the controller. docs/configuration.md says more.\n")
	section := ""
	for _, k := range Keys() {
		if s, _, _ := strings.Cut(k.Name, "."); s != section {
			section = s
			b.WriteString("\n")
		}
		b.WriteString("# " + k.Doc + " (" + k.Type + ")\n")
		if k.Secret {
			b.WriteString("#" + k.Env() + "_FILE=\n")
		}
		comment := "#"
		if k.Required {
			comment = ""
		}
		b.WriteString(comment + k.Env() + "=" + k.Default + "\n")
	}
	return b.String()
}
