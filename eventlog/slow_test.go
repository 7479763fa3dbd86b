package eventlog_test

import "os"

// slow tells whether the slow tests are asked for.
func slow() bool { return os.Getenv("MIXSTREAM_SLOW") != "" }
