// Package middlewares has the tests of the server behind routers and middlewares of others.
// It is a module of its own, so that their modules do not reach those who import this
// project. Writers that nobody has published are in the tests of the server itself.
package middlewares
