//go:build tools

// This import pins the generator that go generate runs, so that go.mod fixes its version and
// its checksum.

package mixstream

import _ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
