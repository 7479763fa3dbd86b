package generator

import (
	"go/ast"
	"go/token"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/gojson"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
)

// byHand returns the methods and the names that the other files of the package in the folder of
// output declare. It leaves out what own declares: the user's own output of oapi-codegen may be
// one of these files.
func byHand(output, pkg string, own *oapi.Package) (gojson.Methods, map[string]bool) {
	methods, names := gojson.Methods{}, map[string]bool{}
	for _, f := range neighbours(token.NewFileSet(), output, pkg) {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				of := oapi.Receiver(d)
				switch {
				case d.Recv == nil:
					names[d.Name.Name] = true
				case own == nil || !own.Members[of][d.Name.Name]:
					if methods[of] == nil {
						methods[of] = map[string]bool{}
					}
					methods[of][d.Name.Name] = true
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						names[s.Name.Name] = true
					case *ast.ValueSpec:
						for _, n := range s.Names {
							names[n.Name] = true
						}
					}
				}
			}
		}
	}
	return methods, names
}
