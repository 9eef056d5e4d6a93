package main

import "context"

func latency(context.Context, options) error { return nil }
func calls(context.Context, options) error   { return nil }
