// Package middlewares tests the server behind third-party routers and middlewares. It is a
// separate module, so that a program which imports this project does not depend on theirs. The
// tests of the server itself cover writers of other kinds.
package middlewares
