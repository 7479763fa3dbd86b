package jsonschema

import (
	"reflect"
	"runtime"
	"sync"
	"weak"
)

// shared holds the compilers in use. The events of one spec share theirs: their data has
// schemas and Go types in common, and each pair of these is compiled once.
var shared = struct {
	sync.Mutex
	compilers map[sharedKey]weak.Pointer[compiler]
}{compilers: map[sharedKey]weak.Pointer[compiler]{}}

// sharedKey identifies a compiler by its schemas and the package of its Go types.
type sharedKey struct {
	schemas uintptr // the address of the map, which a compiler keeps in use
	pkg     string
}

// compilerOf returns the compiler for schemas and the package of a Go type. The caller must
// hold the lock of shared, and must keep the compiler in order to share it.
func compilerOf(all Schemas, pkg string) *compiler {
	key := sharedKey{reflect.ValueOf(all).Pointer(), pkg}
	if c := shared.compilers[key].Value(); c != nil {
		return c
	}
	c := &compiler{all, goTypes{pkg, map[reflect.Type]*goType{}}, map[pair]*node{}, map[string]*Schema{}, map[*Schema]*Schema{}}
	shared.compilers[key] = weak.Make(c)
	runtime.AddCleanup(c, forget, key)
	return c
}

// forget removes a compiler that is no longer in use.
func forget(key sharedKey) {
	shared.Lock()
	defer shared.Unlock()
	if shared.compilers[key].Value() == nil {
		delete(shared.compilers, key)
	}
}
