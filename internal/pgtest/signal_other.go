//go:build !unix

package pgtest

import "os"

// quit makes a server end at once.
var quit = os.Kill
