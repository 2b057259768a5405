/** Words that make up the end of a servable's name: lower case, without hyphens. */
export const ADJECTIVES: readonly string[] = split(`
  agile amber autumn azure balmy bold brave brisk calm candid cedar clear clever coral cosy crisp
  dapper dawn eager early earthy even fair fine fleet fresh frosty gentle glad golden grand green
  hardy hazel honest humble ivory jolly keen kind late light lively loyal lucid mellow merry mild
  misty modest neat nimble noble north open pale plain polite prime proud quick quiet rapid ready rosy
  rustic sandy serene sharp shy silent silver smooth snowy solid spring steady still stout summer
  sunny swift tall tidy tranquil trusty upper vivid warm western wide windy winter wise young zesty
`)

export const NOUNS: readonly string[] = split(`
  acorn alder anchor arbor aspen badger barley bay beacon beech birch bridge brook canal canyon cape
  castle cliff clover comet cove crane creek dale delta dune eagle ember falcon fern field finch fjord
  forest garden glade glen grove harbor hazelnut heath heron hill island juniper kestrel lagoon lake
  lantern larch lark leaf linden maple marsh meadow mill moor moss oak orchard osprey otter owl pebble
  pine plateau pond poplar prairie quarry rain raven reef ridge river robin rowan sail sparrow spruce
  star stone stream swallow thistle tide timber trail tulip valley wave weir wheel willow wren
`)

function split(words: string): readonly string[] {
  return words.trim().split(/\s+/)
}
