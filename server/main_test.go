package server_test

import (
	"testing"

	"github.com/mixstream/mixstream/internal/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }
