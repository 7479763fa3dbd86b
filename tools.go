//go:build tools

// The generator that go generate runs is pinned here, so that go.mod fixes its version and its checksum.

package mixstream

import _ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
