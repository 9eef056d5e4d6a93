// Command callplane is the controller of the telephony service: it takes every call decision
// for the media engines, from the configuration in PostgreSQL.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"callplane/admin/api"
	"callplane/controller/config"
	"callplane/deploy"
	"callplane/store"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "callplane:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use: "callplane", Short: "Self-hosted telephony service",
		SilenceUsage: true, SilenceErrors: true,
	}
	root.AddCommand(serveCommand(), migrateCommand(), devCommand(), configCommand(), simulateCommand(), openAPICommand(), loginCommand())
	root.AddCommand(deploy.Commands()...)
	return root
}

func openAPICommand() *cobra.Command {
	return &cobra.Command{Use: "openapi", Short: "Print the OpenAPI document of the API", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		doc, err := api.OpenAPI()
		if err == nil {
			_, err = cmd.OutOrStdout().Write(doc)
		}
		return err
	}}
}

// loginCommand lets the first operator in, who lets in the others.
func loginCommand() *cobra.Command {
	var email, name string
	cmd := &cobra.Command{
		Use: "create-login", Short: "Let an operator log in to the portal; prints a password that must be changed", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, _, err := configure(cmd)
			if err != nil {
				return err
			}
			db, err := openDatabase(cmd.Context(), cfg.Database)
			if err != nil {
				return err
			}
			defer db.Close()
			password, err := api.CreateOperatorLogin(cmd.Context(), db, email, name)
			if err == nil {
				_, err = fmt.Fprintln(cmd.OutOrStdout(), password)
			}
			return err
		},
	}
	config.Flags(cmd.Flags())
	cmd.Flags().StringVar(&email, "email", "", "e-mail address to log in with")
	cmd.Flags().StringVar(&name, "name", "Operator", "name of the person")
	return cmd
}

func serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the controller", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, log, err := configure(cmd)
			if err != nil {
				return err
			}
			return serve(cmd.Context(), cfg, log)
		},
	}
	config.Flags(cmd.Flags())
	return cmd
}

func migrateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "migrate", Short: "Bring the database to the schema of this version", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, log, err := configure(cmd)
			if err != nil {
				return err
			}
			return store.Migrate(cmd.Context(), cfg.Database.DSN, log)
		},
	}
	config.Flags(cmd.Flags())
	return cmd
}

func configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Tell about the configuration", Args: cobra.NoArgs}
	print := func(name, short string, text func() string) *cobra.Command {
		return &cobra.Command{Use: name, Short: short, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(cmd.OutOrStdout(), text())
			return err
		}}
	}
	check := &cobra.Command{Use: "check", Short: "Read the configuration and tell what is wrong with it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, _, err := configure(cmd)
			return err
		}}
	config.Flags(check.Flags())
	cmd.AddCommand(check,
		print("example", "Print a configuration file with every key", config.Example),
		print("env", "Print an environment file with every key", config.EnvFile),
		print("markdown", "Print the documentation of every key", config.Markdown))
	return cmd
}

// configure reads the configuration and makes the logger that it asks for.
func configure(cmd *cobra.Command) (*config.Config, *slog.Logger, error) {
	cfg, warnings, err := config.Open(cmd.Flags())
	if err != nil {
		return nil, nil, err
	}
	log := logger(cfg.Log)
	for _, w := range warnings {
		log.Warn("configuration", "warning", w)
	}
	return cfg, log, nil
}

func logger(cfg config.Log) *slog.Logger {
	o := &slog.HandlerOptions{Level: cfg.Level}
	if cfg.Format == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, o))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, o))
}
