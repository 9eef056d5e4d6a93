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
	b.WriteString("\n## Example\n\n```yaml\n" + Example() + "```\n")
	return b.String()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// Example is a small configuration file that is complete.
func Example() string {
	return `sip:
  domain: sip.example.com
http:
  token_file: /etc/callplane/token
database:
  dsn: postgres://callplane@127.0.0.1/callplane
engines:
  - name: fs1
    type: freeswitch
    address: 127.0.0.1:8021
    password_file: /etc/callplane/fs1.password
security:
  allow: [192.0.2.0/24]
`
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
