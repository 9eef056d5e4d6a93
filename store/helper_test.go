package store_test

import "errors"

// is tells that err is or wraps a T.
func is[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}
