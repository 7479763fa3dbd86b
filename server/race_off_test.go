//go:build !race

package server_test

// raceEnabled tells that the race detector takes memory of its own.
const raceEnabled = false
