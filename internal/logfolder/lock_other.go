//go:build !unix

package logfolder

import "os"

// lockFile opens the file without a lock: on this system nothing keeps another
// process out.
func lockFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the application chooses the folder
}
