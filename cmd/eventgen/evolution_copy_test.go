package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// addAlternative adds a copy of an alternative to a union. The copy has another name in the
// first of members that it contains, or else in the data. The copy of a reference refers to a
// copy of its target, which stands beside the target.
func (e *evolution) addAlternative(union yamlNode, members []string, own bool) {
	leaf := e.alternatives(union)[0]
	for len(e.alternatives(e.resolved(leaf))) > 0 {
		leaf = e.alternatives(e.resolved(leaf))[0]
	}
	isNamed := slices.ContainsFunc(members, func(member string) bool { return len(e.property(leaf, member)) > 0 }) ||
		slices.ContainsFunc(e.property(leaf, "data"), func(data yamlNode) bool { return e.namingMember(data) != "" })
	if !isNamed || e.done(union.Node) {
		return
	}
	list := union.get("oneOf")
	if !list.is() {
		list = union.get("anyOf")
	}
	added, target := e.copied(leaf, "Event")
	i := slices.IndexFunc(members, func(member string) bool { return len(e.property(target, member)) > 0 })
	if i >= 0 {
		e.rename(target, members[i], e.name())
	}
	if data := e.property(target, "data"); (own || i < 0) && len(data) > 0 {
		last := data[len(data)-1]
		ref, copied := e.copied(last, "Data")
		*last.Node = *ref.Node
		if i < 0 {
			e.rename(copied, e.namingMember(copied), e.name())
		}
	}
	list.prepend(added.Node)
	if mapping := union.get("discriminator").get("mapping"); mapping.is() && added.get("$ref").is() {
		mapping.set(e.name(), added.get("$ref").Node)
	}
}

// copied returns a copy of a schema, and the node that holds its content.
func (e *evolution) copied(schema yamlNode, suffix string) (added, target yamlNode) {
	original, parent, pointer := schema, yamlNode{}, ""
	for original.get("$ref").is() {
		_, pointer, _ = strings.Cut(original.get("$ref").Value, "#")
		original, parent = e.target(original)
	}
	switch {
	case original.Node == schema.Node:
		added = schema.clone()
		return added, added
	case !parent.is(): // a separate file
		added = yamlNode{original.clone().Node, schema.file}
		return added, added
	}
	target = original.clone()
	key := fmt.Sprintf("%sEvolved%s%d", pointer[strings.LastIndex(pointer, "/")+1:], suffix, e.events)
	parent.set(key, target.Node)
	ref := "#" + pointer[:strings.LastIndex(pointer, "/")+1] + key
	if original.file != schema.file {
		path, err := filepath.Rel(filepath.Dir(schema.file), original.file)
		if err != nil {
			e.t.Fatal(err)
		}
		ref = filepath.ToSlash(path) + ref
	}
	added = schema.clone()
	added.set("$ref", scalar(ref))
	return added, target
}

// rename gives the event of a copied schema its name. Parts that the copy shares with other
// events then allow that name, too.
func (e *evolution) rename(schema yamlNode, member, name string) {
	schema.remove("x-go-name")
	copied := map[*yaml.Node]bool{}
	var add func(n *yaml.Node)
	add = func(n *yaml.Node) {
		copied[n] = true
		for _, child := range n.Content {
			add(child)
		}
	}
	add(schema.Node)
	described := e.property(schema, member)
	isBound := slices.ContainsFunc(described, func(n yamlNode) bool {
		return copied[n.Node] && (n.get("const").is() || n.get("enum").is())
	})
	for _, n := range described {
		target := e.resolved(n)
		switch {
		case copied[n.Node] && n.get("const").is():
			n.set("const", scalar(name))
			n.remove("enum")
		case copied[n.Node] && n.get("enum").is():
			n.set("enum", e.parse("["+name+"]"))
		case copied[n.Node] && !isBound && (target.get("const").is() || target.get("enum").is()):
			*n.Node = *e.parse("{type: string, enum: [" + name + "]}")
			continue
		}
		if enum := target.get("enum"); enum.is() && !copied[enum.Node] && !slices.ContainsFunc(enum.items(), func(n yamlNode) bool { return n.Value == name }) {
			enum.prepend(scalar(name))
		}
	}
}
