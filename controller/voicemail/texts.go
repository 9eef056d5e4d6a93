package voicemail

import (
	"cmp"
	"fmt"
	"time"

	"callplane/store"
)

// text is a notice in words.
type text struct {
	Subject, Body, Short string
	FileName             string
}

// words of a language: subject (box), body (caller, box, time, length, what follows), caller unknown, and the last
// line with and without the audio.
type words struct{ subject, body, unknown, attached, listen string }

var notice = map[string]words{
	"en": {"New voicemail message in %s", "%s left a message in the voicemail box %s on %s (%s).", "An unknown caller", "The message is attached.", "Listen to it by calling your voicemail."},
	"nl": {"Nieuw voicemailbericht in %s", "%s heeft een bericht achtergelaten in voicemailbox %s op %s (%s).", "Een onbekende beller", "Het bericht is bijgevoegd.", "Bel uw voicemail om het te beluisteren."},
	"de": {"Neue Sprachnachricht in %s", "%s hat in der Mailbox %s am %s eine Nachricht hinterlassen (%s).", "Ein unbekannter Anrufer", "Die Nachricht ist angehängt.", "Rufen Sie Ihre Mailbox an, um sie zu hören."},
	"es": {"Nuevo mensaje de voz en %s", "%s ha dejado un mensaje en el buzón de voz %s el %s (%s).", "Una persona desconocida", "El mensaje va adjunto.", "Llame a su buzón de voz para escucharlo."},
	"lv": {"Jauna balss ziņa pastkastē %s", "%s atstāja ziņu balss pastkastē %s %s (%s).", "Nezināms zvanītājs", "Ziņa ir pielikumā.", "Zvaniet uz savu balss pastkasti, lai to noklausītos."},
}

// textOf says a notice in a language of dialplan.Languages; others are English.
func textOf(language string, n store.DueNotice, zone *time.Location) text {
	w, ok := notice[language]
	if !ok {
		w = notice["en"]
	}
	m := n.Message
	from := m.Number
	switch {
	case m.Number == "" && m.Name == "":
		from = w.unknown
	case m.Name != "" && m.Number != "":
		from = m.Name + " (" + m.Number + ")"
	case m.Number == "":
		from = m.Name
	}
	box := n.Box
	if n.BoxName != "" {
		box = n.BoxName + " (" + n.Box + ")"
	}
	seconds := int(m.Duration.Round(time.Second).Seconds())
	body := fmt.Sprintf(w.body, from, box, m.At.In(zone).Format("2006-01-02 15:04"), fmt.Sprintf("%d:%02d", seconds/60, seconds%60))
	last := w.listen
	if n.Attach {
		last = w.attached
	}
	return text{
		Subject: fmt.Sprintf(w.subject, cmp.Or(n.BoxName, n.Box)), Body: body + "\n\n" + last + "\n", Short: body,
		FileName: "voicemail-" + n.Box + "-" + m.At.In(zone).Format("20060102-150405") + ".wav",
	}
}
