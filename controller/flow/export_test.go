package flow

import (
	"context"

	"callplane/controller/call"
)

// AskPIN lets a test be the flow that asks for a PIN.
func AskPIN(ctx context.Context, c *call.Call, extension string, pin func(string) string) (string, error) {
	return NewRouter(Config{}).askPIN(ctx, c, pinQuestion{Extension: extension, PIN: pin, Purpose: "test", Language: "en"})
}
