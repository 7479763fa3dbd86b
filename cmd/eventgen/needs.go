package main

// Generated code imports this module. It is imported here too, so that go get -tool adds it to
// the go.mod and go.sum of the module that the code is for, and go mod tidy is not needed.
import _ "github.com/oapi-codegen/runtime"
