package contract

// Generated code uses these declarations to fail at compile time beside a runtime that it does
// not fit. The compiler's message names the type that overflows, and the name tells what to
// do.

// Version is the version of generated code that this runtime supports. It grows when generated
// code needs something new of the runtime.
const Version = 2

// OldestVersion is the oldest version of generated code that this runtime accepts.
const OldestVersion = 2

// RunEventgenAgain overflows when generated code is too old for this runtime.
type RunEventgenAgain uint

// UpdateMixstream overflows when this runtime is too old for generated code. The command
// go get github.com/mixstream/mixstream@latest updates it.
type UpdateMixstream uint
