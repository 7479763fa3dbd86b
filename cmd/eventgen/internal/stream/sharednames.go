package stream

import (
	"maps"
	"slices"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// Many documents keep one list of all names: the enum of a schema that every event refers to.
// Such an enum does not tell events apart, but the discriminator does.

// resolveSharedNames assigns names that the enums of several branches allow to one branch, by
// the discriminators. It leaves a const alone: a discriminator that contradicts one is an
// error.
func resolveSharedNames(all []*branch, id string, p *source.Problems) {
	for _, property := range discriminators(all) {
		enums := make([][]string, len(all))
		owners := map[string]int{} // how many branches allow a name
		for i, b := range all {
			values, _ := jsonschema.BoundTo(b.object.Properties[property])
			enums[i] = TextsOf(values)
			for _, name := range enums[i] {
				owners[name]++
			}
		}
		isContested := func(name string) bool { return owners[name] > 1 }
		for i, b := range all {
			if len(enums[i]) < 2 || !slices.ContainsFunc(enums[i], isContested) {
				continue
			}
			own := b.ownNames(all, property, enums[i])
			for _, name := range own {
				if !slices.Contains(enums[i], name) {
					p.Warn(b.where(id, i), "the discriminator of %s maps %q to this schema, but the enum of its property %q lacks that name", id, name, property)
				}
			}
			if len(own) > 0 {
				b.resolved[property] = own
			}
		}
	}
}

// discriminators returns the discriminator properties of the unions around the branches.
func discriminators(all []*branch) []string {
	properties := map[string]bool{}
	for _, b := range all {
		maps.Copy(properties, b.implicit)
	}
	return slices.Sorted(maps.Keys(properties))
}

// ownNames returns the names that the discriminators leave to the branch: those mapped to it,
// else its own name if the enum has it, else those mapped to no other branch.
func (b *branch) ownNames(all []*branch, property string, enum []string) []string {
	if mapped := b.mapped[property]; len(mapped) > 0 {
		return mapped
	}
	if b.implicit[property] && slices.Contains(enum, b.component) {
		return []string{b.component}
	}
	return slices.DeleteFunc(slices.Clone(enum), func(name string) bool {
		return slices.ContainsFunc(all, func(other *branch) bool { return slices.Contains(other.mapped[property], name) })
	})
}
