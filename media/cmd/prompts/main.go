// Command prompts makes the prompts and the hold music of a media library:
//
//	go run ./media/cmd/prompts -out DIR
//
// It makes only what is missing or has changed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"callplane/media"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "prompts:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("prompts", flag.ExitOnError)
	out := flags.String("out", "", "folder of the media library")
	studio := flags.String("studio", "", "folder with recordings, <language>/<key>.wav (default <out>/studio)")
	languages := flags.String("languages", "", "languages to make, separated by commas (default all)")
	generator := flags.String("generator", "", "command that speaks, with {language}, {file} and, if not on standard input, {text} (default espeak-ng)")
	rate := flags.Int("rate", media.Rate8k, "samples a second: 8000, or 16000 where only FreeSWITCH plays")
	list := flags.Bool("list", false, "list the texts (key, language, text) and make nothing")
	if err := flags.Parse(args); err != nil {
		return err
	}
	catalogue, err := media.SystemCatalogue()
	if err != nil {
		return err
	}
	if *list {
		for _, key := range catalogue.Keys() {
			for lang, text := range catalogue[key] {
				fmt.Printf("%s\t%s\t%s\n", key, lang, text)
			}
		}
		return nil
	}
	if *out == "" {
		return fmt.Errorf("-out is needed: the folder of the media library")
	}
	b := media.Build{Catalogue: catalogue, Generator: media.Espeak{}, Studio: *studio, Rate: *rate}
	if *languages != "" {
		b.Languages = strings.Split(*languages, ",")
	}
	if *generator != "" {
		if b.Generator, err = media.ParseCommand(*generator); err != nil {
			return err
		}
	}
	library, err := media.Open(*out, "")
	if err != nil {
		return err
	}
	report, err := library.Build(ctx, b)
	fmt.Println(report)
	return err
}
