package main

// Generated code imports this module. The command imports it, too, so that go get -tool adds
// it to go.mod and go.sum, and the user need not run go mod tidy.
import _ "github.com/oapi-codegen/runtime"
