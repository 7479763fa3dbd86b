//go:build goexperiment.jsonv2

package main

// experiment tells whether encoding/json is the version of GOEXPERIMENT=jsonv2.
const experiment = true
