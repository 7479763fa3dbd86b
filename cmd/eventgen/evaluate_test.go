package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"reflect"
	"regexp"
	"strconv"

	"github.com/mixstream/mixstream/contract/jsonschema"
)

// evaluate returns the value of an expression in the form that eventgen writes.
func evaluate(expr ast.Expr, as reflect.Type) reflect.Value {
	switch expr := expr.(type) {
	case *ast.UnaryExpr: // &T{…}
		v := reflect.New(as.Elem())
		v.Elem().Set(evaluate(expr.X, as.Elem()))
		return v
	case *ast.CompositeLit:
		return evaluateElements(expr, as)
	case *ast.Ident:
		if expr.Name == "nil" {
			return reflect.Zero(as)
		}
		return reflect.ValueOf(expr.Name == "true")
	case *ast.BasicLit:
		if expr.Kind == token.STRING {
			text, _ := strconv.Unquote(expr.Value)
			if as.Kind() == reflect.Interface {
				return reflect.ValueOf(text)
			}
			return reflect.ValueOf(text).Convert(as)
		}
		n, _ := strconv.ParseUint(expr.Value, 10, 64)
		return reflect.ValueOf(n)
	case *ast.CallExpr:
		return evaluateCall(expr)
	}
	panic(fmt.Sprintf("%T", expr))
}

func evaluateCall(expr *ast.CallExpr) reflect.Value {
	switch f := expr.Fun.(type) {
	case *ast.Ident: // new(uint64(7)), and the uint64(7) within
		if f.Name == "uint64" {
			return evaluate(expr.Args[0], reflect.TypeFor[uint64]())
		}
		n := evaluate(expr.Args[0], reflect.TypeFor[uint64]()).Uint()
		return reflect.ValueOf(&n)
	case *ast.SelectorExpr:
		text := evaluate(expr.Args[0], reflect.TypeFor[string]()).String()
		if f.Sel.Name == "MustCompile" {
			return reflect.ValueOf(regexp.MustCompile(text))
		}
		return reflect.ValueOf(jsonschema.Number(text))
	}
	panic(fmt.Sprintf("%T", expr.Fun))
}

func evaluateElements(expr *ast.CompositeLit, as reflect.Type) reflect.Value {
	if as.Kind() == reflect.Interface {
		as = reflect.TypeFor[[]any]()
		if _, ok := expr.Type.(*ast.MapType); ok {
			as = reflect.TypeFor[map[string]any]()
		}
	}
	v := reflect.New(as).Elem()
	switch as.Kind() {
	case reflect.Pointer: // an element of a map literal omits the &
		v.Set(reflect.New(as.Elem()))
		v.Elem().Set(evaluateElements(expr, as.Elem()))
	case reflect.Struct:
		for _, e := range expr.Elts {
			kv := e.(*ast.KeyValueExpr)
			field := v.FieldByName(kv.Key.(*ast.Ident).Name)
			field.Set(evaluate(kv.Value, field.Type()))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(as, 0, len(expr.Elts)))
		for _, e := range expr.Elts {
			v.Set(reflect.Append(v, evaluate(e, as.Elem())))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(as))
		for _, e := range expr.Elts {
			kv := e.(*ast.KeyValueExpr)
			v.SetMapIndex(evaluate(kv.Key, as.Key()), evaluate(kv.Value, as.Elem()))
		}
	}
	return v
}
