//! Material for made-up tool APIs: everyday words, invented names, identifiers.

use std::sync::LazyLock;

use coevo_core::seed::Stream;

/// Kinds of things, singular.
pub const NOUNS: [&str; 96] = [
    "crate",
    "boat",
    "lamp",
    "garden",
    "recipe",
    "parcel",
    "trowel",
    "sensor",
    "meadow",
    "poster",
    "voucher",
    "bridge",
    "camera",
    "statue",
    "barrel",
    "kettle",
    "window",
    "ladder",
    "tunnel",
    "basket",
    "shelf",
    "signal",
    "beacon",
    "album",
    "canvas",
    "puzzle",
    "robot",
    "drone",
    "badge",
    "locker",
    "magnet",
    "mirror",
    "needle",
    "planet",
    "rocket",
    "saddle",
    "shovel",
    "socket",
    "turbine",
    "valve",
    "wagon",
    "wheel",
    "anchor",
    "antenna",
    "abbey",
    "battery",
    "bench",
    "blanket",
    "bottle",
    "bracket",
    "cabin",
    "cable",
    "candle",
    "cargo",
    "carpet",
    "chapter",
    "chart",
    "circuit",
    "clock",
    "contract",
    "counter",
    "course",
    "cup",
    "device",
    "dish",
    "district",
    "drawer",
    "exhibit",
    "factory",
    "farm",
    "fence",
    "fountain",
    "furnace",
    "gate",
    "greenhouse",
    "hangar",
    "harbor",
    "invoice",
    "journal",
    "kiln",
    "lecture",
    "lease",
    "library",
    "loan",
    "machine",
    "market",
    "member",
    "mine",
    "model",
    "module",
    "orchard",
    "panel",
    "patent",
    "plant",
    "player",
    "quarry",
];

/// What things have.
pub const ATTRIBUTES: [&str; 72] = [
    "weight",
    "color",
    "owner",
    "height",
    "width",
    "rank",
    "grade",
    "status",
    "price",
    "speed",
    "volume",
    "pressure",
    "shape",
    "label",
    "zone",
    "level",
    "mode",
    "due",
    "stock",
    "score",
    "reach",
    "phase",
    "origin",
    "target",
    "depth",
    "length",
    "power",
    "rate",
    "size",
    "tone",
    "unit",
    "value",
    "voltage",
    "yield",
    "age",
    "angle",
    "area",
    "brand",
    "capacity",
    "charge",
    "class",
    "code",
    "cost",
    "count",
    "credit",
    "density",
    "duty",
    "family",
    "fee",
    "floor",
    "format",
    "frequency",
    "oil",
    "gauge",
    "heat",
    "humidity",
    "index",
    "language",
    "load",
    "margin",
    "material",
    "note",
    "sequence",
    "pattern",
    "period",
    "phone",
    "position",
    "quality",
    "range",
    "ratio",
    "season",
    "style",
];

/// Values of enumerations.
pub const CHOICES: [&str; 60] = [
    "red",
    "blue",
    "green",
    "amber",
    "small",
    "medium",
    "large",
    "open",
    "closed",
    "north",
    "south",
    "east",
    "west",
    "fast",
    "slow",
    "high",
    "low",
    "new",
    "old",
    "round",
    "square",
    "soft",
    "hard",
    "hot",
    "cold",
    "dry",
    "wet",
    "light",
    "dark",
    "early",
    "late",
    "left",
    "right",
    "gold",
    "silver",
    "iron",
    "wood",
    "glass",
    "paper",
    "daily",
    "weekly",
    "monthly",
    "basic",
    "standard",
    "premium",
    "draft",
    "final",
    "active",
    "idle",
    "public",
    "private",
    "single",
    "double",
    "manual",
    "automatic",
    "summer",
    "winter",
    "spring",
    "plain",
    "express",
];

/// Words that begin an order.
pub const ORDERS: [&str; 40] = [
    "Set",
    "Change",
    "Put",
    "Add",
    "Make",
    "Remove",
    "Delete",
    "Cancel",
    "Connect",
    "Assign",
    "List",
    "Show",
    "Find",
    "Tell",
    "Check",
    "Start",
    "Stop",
    "Open",
    "Close",
    "Arm",
    "Disarm",
    "Raise",
    "Lower",
    "Disconnect",
    "Enable",
    "Disable",
    "Turn",
    "Fill",
    "Empty",
    "Attach",
    "Create",
    "Give",
    "Move",
    "Get",
    "Link",
    "Release",
    "Free",
    "Update",
    "Write",
    "Read",
];

/// Verbs by what a tool does; the first word of its description is from the same list.
pub const FIND: [&str; 8] = ["find", "search", "lookup", "locate", "seek", "query", "match", "resolve"];
pub const READ: [&str; 9] = ["get", "show", "read", "view", "describe", "inspect", "fetch", "check", "open"];
pub const LIST: [&str; 6] = ["list", "browse", "all", "overview", "index", "enumerate"];
pub const WRITE: [&str; 9] = ["set", "change", "update", "edit", "modify", "put", "adjust", "write", "assign"];
pub const ADD: [&str; 9] = ["add", "create", "make", "new", "register", "insert", "book", "enter", "start"];
pub const REMOVE: [&str; 8] = ["remove", "delete", "drop", "cancel", "discard", "close", "end", "erase"];
pub const LINK: [&str; 8] = ["link", "attach", "join", "connect", "assign", "pair", "move", "send"];
pub const FREE: [&str; 6] = ["unlock", "release", "free", "enable", "activate", "unseal"];

/// Things with two states.
pub const SWITCHES: [&str; 24] = [
    "pump", "heater", "fan", "valve", "alarm", "lift", "belt", "siren", "crane", "mixer", "oven", "hatch", "shutter",
    "boiler", "lamp", "press", "winch", "blower", "filter", "motor", "screen", "printer", "scanner", "ramp",
];
/// Pairs of commands and the states they leave.
pub const COMMANDS: [[(&str, &str); 2]; 8] = [
    [("start", "running"), ("stop", "off")],
    [("open", "open"), ("close", "closed")],
    [("arm", "armed"), ("disarm", "disarmed")],
    [("raise", "up"), ("lower", "down")],
    [("connect", "connected"), ("disconnect", "disconnected")],
    [("enable", "enabled"), ("disable", "disabled")],
    [("turn_on", "on"), ("turn_off", "off")],
    [("fill", "full"), ("empty", "empty")],
];

const ONSETS: [&str; 24] = [
    "b", "br", "c", "d", "dr", "f", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "pr", "r", "s", "st", "t", "tr", "v",
    "w", "z",
];
const VOWELS: [&str; 9] = ["a", "e", "i", "o", "u", "ai", "ea", "io", "ou"];
const CODAS: [&str; 12] = ["", "", "", "n", "r", "l", "s", "m", "nd", "ck", "th", "rt"];

/// One of `items`.
pub fn one<T: Clone>(stream: &mut Stream, items: &[T]) -> T {
    items[stream.below(items.len() as u64) as usize].clone()
}

/// One of `items`, which are references.
pub fn pick<'a, T: ?Sized>(stream: &mut Stream, items: &[&'a T]) -> &'a T {
    one(stream, items)
}

/// A whole number in `low..=high`.
pub fn range(stream: &mut Stream, low: u64, high: u64) -> u64 {
    low + stream.below(high - low + 1)
}

pub fn chance(stream: &mut Stream, share: f64) -> bool {
    stream.uniform() < share
}

/// `count` different indices below `of`.
pub fn distinct(stream: &mut Stream, of: usize, count: usize) -> Vec<usize> {
    let mut all: Vec<usize> = (0..of).collect();
    stream.shuffle(&mut all);
    all.truncate(count);
    all
}

/// An invented word of some syllables, lower case: sounds put together, or the beginning of one word and the end of another, so
/// that every piece that a tokenizer makes of a word is met in all places of words.
pub fn invented(stream: &mut Stream, syllables: u64) -> String {
    if chance(stream, 0.6) {
        let (first, second) = (one(stream, &ALL), one(stream, &ALL));
        let begin = range(stream, 1 + syllables.min(2), 2 + syllables) as usize;
        let end = second.len().saturating_sub(range(stream, 1 + syllables.min(2), 2 + syllables) as usize);
        let joined = format!("{}{}", &first[..begin.min(first.len())], &second[end..]);
        return joined.replace('_', "");
    }
    (0..syllables)
        .map(|_| format!("{}{}{}", pick(stream, &ONSETS), pick(stream, &VOWELS), pick(stream, &CODAS)))
        .collect()
}

/// Every word of the lists, lower case.
static ALL: LazyLock<Vec<String>> = LazyLock::new(|| {
    let tables =
        ALIKE.iter().flatten().chain([&THINGS, &TRAITS, &PEOPLE, &PLACES].into_iter().flat_map(|table| table.iter()));
    let deeds = DEEDS.iter().flat_map(|(verbs, _)| verbs).copied();
    let lists = NOUNS.iter().chain(&ATTRIBUTES).chain(&CHOICES).chain(&SWITCHES).copied();
    tables.copied().chain(deeds).chain(lists).map(str::to_lowercase).filter(|word| word.len() > 2).collect()
});

/// An invented proper name: one word or two.
pub fn name(stream: &mut Stream) -> String {
    let word = |stream: &mut Stream| {
        let syllables = range(stream, 1, 3);
        capital(&invented(stream, syllables.max(1)))
    };
    let first = word(stream);
    if chance(stream, 0.35) { format!("{first} {}", word(stream)) } else { first }
}

pub fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// More than one of a thing.
pub fn plural(noun: &str) -> String {
    match noun {
        _ if noun.ends_with('y') && !noun.ends_with("ey") => format!("{}ies", &noun[..noun.len() - 1]),
        _ if noun.ends_with("ch") || noun.ends_with("sh") || noun.ends_with('s') || noun.ends_with('x') => {
            format!("{noun}es")
        }
        "shelf" => "shelves".to_owned(),
        _ => format!("{noun}s"),
    }
}

/// What people have done, a line each: verbs that a tool may be named by, then how it is asked for, `{}` being what it is done to.
/// `=` marks a sentence, the others are orders.
pub static DEEDS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    phrases(
        "
send dispatch ship | send {} | dispatch {} | get {} on its way
deliver hand_in bring | deliver {} | bring {} | hand in {}
reserve hold | reserve {} | hold {} for me | put {} aside
cancel revoke call_off | cancel {} | call off {} | =I do not need {} any more
create make new | create {} | make {} | set up {} | =There should be {}
delete erase remove | delete {} | get rid of {} | throw away {} | remove {}
open unfold | open {} | open up {} | =I want {} open
close shut | close {} | shut {} | =I want {} closed
start launch begin run | start {} | launch {} | get {} going | let {} run
stop halt end | stop {} | halt {} | bring {} to an end | =Enough of {}
lock seal secure | lock {} | seal {} | =Nobody should get into {}
unlock unseal free_up | unlock {} | make {} accessible | free {} up
raise lift hoist | raise {} | lift {} | pull {} up
lower drop let_down | lower {} | let {} down
turn_on switch_on power_up | turn on {} | switch {} on | turn {} on | =I need {} on
turn_off switch_off power_down | turn off {} | switch {} off | turn {} off | =I need {} off
shift relocate | shift {} | relocate {} | take {} elsewhere
copy duplicate clone | copy {} | duplicate {} | make a second one of {}
rename retitle | rename {} | give {} another name
print print_out | print {} | put {} on paper
scan digitize | scan {} | digitize {}
paint coat color | paint {} | give {} a coat of paint
wash clean rinse | wash {} | clean {} | =The dirt on {} bothers me
repair fix mend | repair {} | fix {} | =There is something wrong with {}, mend it
feed nourish | feed {} | give {} something to eat
water sprinkle irrigate | water {} | sprinkle {} | =It is too dry for {}
charge recharge | charge {} | recharge {} | =The battery of {} is empty
fill refill top_up | fill {} | top up {} | refill {}
drain empty_out pump_out | drain {} | empty {}
pack box_up wrap | pack {} | wrap {} | put {} in a box
unpack unwrap | unpack {} | take {} out of the box
load put_on_board | load {} | put {} on board
unload discharge | unload {} | take {} off
order_by arrange rank | arrange {} | put {} in order | rank {}
merge combine unite | merge {} | combine {} | make one of {}
split part_up | split {} | divide {}
cut trim shorten | cut {} | trim {} | make {} shorter
extend prolong lengthen | extend {} | prolong {} | make {} longer
sign undersign | sign {} | put my name under {}
approve accept confirm | approve {} | confirm {} | accept {} | =I agree to {}
reject decline refuse | reject {} | turn down {} | decline {} | =I do not agree to {}
share pass_on | share {} | pass on {} | let others have {}
publish post release | publish {} | post {} | make {} public
hide conceal | hide {} | =Nobody should see {}
reveal unhide | reveal {} | =Everybody may see {} again
block ban | block {} | ban {} | keep {} out
report flag | report {} | flag {} | =I have to complain about {}
rate score review | rate {} | give my opinion on {}
label tag mark | label {} | tag {} | put a label on {}
pin stick fasten | pin {} | stick {} | fasten {}
store archive put_away | store {} | archive {} | put {} away | keep {} somewhere safe
restore recover retrieve | restore {} | bring back {} | recover {} | =I miss {}, get it back
record log note_down | record {} | note {} down | make a note of {}
play perform | play {} | let me hear {}
pause interrupt | pause {} | interrupt {} | take a break from {}
resume continue | resume {} | go on with {}
skip leave_out | skip {} | leave {} out
mute silence | mute {} | =No sound from {}, please
ring phone dial | ring {} | phone {} | give {} a ring
summon call_in | summon {} | ask {} to come
notify inform alert | notify {} | let {} know | inform {}
remind nudge | remind {} | =Do not let {} forget
translate interpret | translate {} | put {} into another language
transform turn_into | transform {} | turn {} into something else
compute calculate work_out | compute {} | work out {} | calculate {}
measure gauge | measure {} | take the measure of {}
weigh put_on_scales | weigh {} | put {} on the scales
compare contrast | compare {} | hold {} side by side
inspect examine look_over | inspect {} | examine {} | have a look at {} | look {} over
track follow trace | track {} | follow {} | keep an eye on {}
untrack unfollow | untrack {} | stop following {}
pay settle | pay {} | settle {} | pay for {}
purchase acquire order | purchase {} | get me {} | order {} | =I want to have {}
dispose offer_for_sale | sell {} | part with {} | =I would like money for {}
rent hire lease | rent {} | hire {} | =I need {} for a while
give_back hand_back | give {} back | take {} back
swap trade_in | swap {} | trade in {} | take something else instead of {}
upgrade improve | upgrade {} | take {} up a class
postpone delay defer | postpone {} | put off {} | delay {}
advance bring_forward | advance {} | do {} earlier
plan schedule | plan {} | schedule {} | put {} on the agenda
allot give_out | assign {} | allot {}
transfer forward | transfer {} | forward {}
enroll sign_up register | enroll {} | sign up {} | register {}
retract sign_off | withdraw {} | take {} out
subscribe | subscribe to {} | keep me posted on {}
unsubscribe | unsubscribe from {} | =No more news of {}, please
enable activate allow | enable {} | activate {} | allow {}
disable deactivate forbid | disable {} | deactivate {} | forbid {}
reset initialize | reset {} | put {} back to where it began
calibrate tune align | calibrate {} | tune {} | align {}
test try_out probe | test {} | try {} out | see whether {} works
install mount put_in | install {} | mount {} | put in {}
uninstall dismount | uninstall {} | dismount {}
update refresh renew | update {} | refresh {} | renew {} | bring {} up to date
download fetch_file | download {} | get {} from the net
upload hand_up | upload {} | put {} on the net
back_up save | back up {} | save {} | keep a spare one of {}
connect link couple | connect {} | link {} | couple {}
disconnect unlink decouple | disconnect {} | unlink {} | cut {} off
increase boost | increase {} | turn up {} | =I want more {}
decrease reduce | decrease {} | reduce {} | turn down {} | =I want less {}
adjust tweak set | adjust {} | set {} | change {}
build construct | build {} | construct {}
dig excavate | dig {} | excavate {}
plant sow | plant {} | sow {}
harvest reap | harvest {} | bring in {}
cook prepare | cook {} | prepare {}
bake toast | bake {} | toast {}
mix stir blend | mix {} | stir {} | blend {}
cool chill | cool {} | chill {} | =It is too warm for {}
heat warm_up | heat {} | warm up {} | =It is too cold for {}
press push_down | press {} | push {} | push down {}
pull tug | pull {} | tug at {}
rotate spin turn_round | rotate {} | spin {} | turn {} round
park leave_standing | park {} | leave {} standing
steer drive guide | steer {} | drive {} | guide {}
teach train_up | teach {} | train {}
judge evaluate | judge {} | evaluate {}
vote_for support | vote for {} | support {}
draw sketch | draw {} | sketch {}
frame hang | frame {} | hang {} on the wall
",
    )
});

/// Questions about a property, a line each: the property, then how people ask, `{}` being what it is asked of.
pub static QUESTIONS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    phrases(
        "
weight | How heavy is {}? | What does {} weigh?
height | How high is {}? | How tall is {}?
width | How wide is {}?
length | How long is {}?
depth | How deep is {}? | How far down does {} go?
distance | How far is {}? | How far away is {}?
duration | How long does {} take?
age | How old is {}?
speed | How fast is {}? | How quickly does {} go?
price | How much is {}? | What does {} cost? | How expensive is {}?
cost | How much does {} cost? | What do I pay for {}?
fee | What do they charge for {}?
owner | Who owns {}? | Whose is {}? | Who does {} belong to?
author | Who wrote {}? | Who is {} by?
color | Which color is {}? | What does {} look like?
size | How big is {}? | How large is {}?
count | How many are there of {}?
stock | How many of {} are left? | Do we have any of {} left?
volume | How loud is {}?
heat | How warm is {}? | How hot is {}?
due | When is {} due? | By when must {} be done?
date | When is {}? | On which day is {}?
hours | When is {} open? | From when to when is {} open?
position | Where is {}? | Where do I find {}?
origin | Where does {} come from?
target | Where does {} go?
quality | How good is {}?
status | How is {} doing? | How are things with {}? | How far along is {}?
power | How strong is {}?
capacity | How much fits into {}? | How many fit into {}?
reserve | How much is left in {}?
charge | How full is {}?
rank | How well does {} do?
score | How did {} do?
members | Who is in {}? | Who belongs to {}?
content | What is in {}? | What does {} say?
reason | Why is there {}?
balance | How much money is on {}? | What is left on {}?
",
    )
});

/// Words for the same thing, a line each: the tool has one of them, who asks another.
pub static ALIKE: LazyLock<Vec<Vec<&str>>> = LazyLock::new(|| {
    rows(
        "
photo picture image
letter message note
lorry truck van
bike bicycle
flat apartment
shop store
film movie
sofa couch
jacket coat
doctor physician
pupil student
lesson class
purse wallet
bag sack
road street
wood forest
stone rock
sea ocean
boat ship vessel
plane aircraft
parcel package
gift present
job task chore
notice announcement
bill invoice
meal dinner
song tune track
poem verse
story tale
magazine journal
rubbish trash garbage
lamp light
tap faucet
lift elevator
telephone phone
television tv
fridge refrigerator
autumn fall
holiday vacation
trip journey tour
guard watchman
chef cook
clerk assistant
boss manager
worker employee
customer client
visitor guest
argument quarrel
error mistake fault
idea thought
aim goal
speed pace
price cost
salary wage pay
weight mass
size dimension
temperature heat
volume loudness
colour color
kind type sort
amount quantity
number count
remark comment
answer reply response
question query
draft sketch
rule regulation
contract agreement
licence permit
wall partition
garden yard
ground soil
cellar basement
chimney stack
curtain drape
blanket cover
cup mug
plate dish
knife blade
rope line cord
box case crate
",
    )
});

/// More kinds of things, for tools with arguments.
pub static THINGS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    all(
        "
acorn actor adapter alley almond amplifier apple apron aquarium arrow asphalt athlete atlas attic avenue axle backpack bakery balcony
balloon banana bandage banner barber barn basin beach bean beehive belt berry beetle bell bonfire bookmark border bowl branch bread breeze brick
broom brush bucket buffet bulb bull bumper bundle bunker bus bush butter button cabbage cage cake calf campfire canal candy cannon canoe cap
caravan carriage carrot castle cat cave cedar ceiling cello cement cereal chain chair chalk channel cheese chess chest chicken chimney choir
cinema circle circus clay cliff clinic cloak cloth cloud clover coach coal coast cobweb cocoa coffee coin collar column comet compass compost
concert copper coral corner cottage cotton council cow cradle crayon cream creek cricket crown crystal cube cushion cyclist dam dance deck deer
delta desert desk diamond diary diesel ditch dock doll dolphin dome donkey dough dragon drain drum duck dune dust eagle easel egg elbow elm
emblem embroidery envelope eraser escalator exam fabric falcon feather ferry festival fiddle field fig figure finch fire fish flag flask fleet
flock flour flower flute foam fog folk fork fort fossil fox frame fruit funnel fur galaxy gallery game garlic gear giant ginger glacier
glider globe glove glue goat goose grain grape gravel guitar gutter gym hail hammer hammock harp harvest hat hawk hay hedge helmet hen herb herd
hill hive hockey honey hoof hook horn horse hose hospital hostel hotel hut ice inn insect island ivory ivy jam jar jelly jet jewel jigsaw judge
juice jungle keyboard kite kitchen kitten knot label lace lagoon lake lamb lantern lawn lead leaf leather lemon lens lettuce lid lighthouse lily
lime lizard lobby log lotion lounge lumber lunch magnet mailbox mango map maple marble marsh mask mast match mat maze medal melon menu metal
microscope milk mill mineral mint missile mist mitten moat monument moon moss moth motel mountain mouse mud mural museum mushroom mustard nail
napkin nest net newspaper night noodle nut oak oar oat oil olive onion opera orbit orchestra organ ornament otter outfit owl ox oyster paddle
page palace palm pan parade parrot parsley party pasta paste path pavilion pea peach peak pear pearl pebble pedal pen pencil penguin pepper
performance perfume petal piano pickle pie pier pig pigeon pill pillow pilot pine pipe pistol pizza plaster plateau platform plow plum pocket pole
pond pony pool poppy porch port portrait potato pottery powder prism prize project pudding pulley pumpkin puppet puppy pyramid quilt rabbit
radar radio radish raft rail rain raisin rake rat razor reef reel relic reptile resort rhythm ribbon rice ridge rifle ring river roast robe
rodeo roof rose rubber rug ruin ruler saddle sail salad salmon salt sand sandal sandwich satellite sauce sausage scarf scissors scooter score
sculpture seal seed shark shawl shed sheep shell shelter shirt shoe shore shovel silk skate sketch ski skirt sled sleeve snail snake snow soap
soup spade spark spear speech spice spider spinach sponge spoon spruce squid stable stadium stage stair stall stamp star statue steak steel stem
stew stove straw stream sugar suit summit sunflower surgery swan sweater swing sword syrup table tail tank tape tavern tea temple tennis tent
terrace theater thread throne thumb tide tiger tile timber tin toad toast tomato tool torch towel tower toy tractor train trampoline tray
tree trophy trumpet trunk tulip tunnel turkey turtle umbrella uniform vase vault vegetable veil velvet violin volcano wafer waffle walnut
warehouse wasp watch waterfall wave wax web wheat whistle wick willow wind windmill wine wing wolf wool workshop worm wreath yacht yarn zebra
",
    )
});

/// What things are like.
pub static TRAITS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    all(
        "
old new big small long short heavy light warm cool clean dirty empty full broken loose tight wet dry dark bright noisy quiet rare common
spare main upper lower inner outer front rear left right northern southern eastern western first second last next local foreign daily weekly
wooden golden rusty dusty shiny narrow wide thick thin sharp blunt soft hard rough smooth sweet sour fresh stale late early weak strong slow quick
",
    )
});

pub static PEOPLE: LazyLock<Vec<&str>> = LazyLock::new(|| {
    all(
        "
Alma Boris Carla Dario Edith Felix Gina Hugo Iris Jonas Klara Leon Mona Nils Oskar Paula Quentin Rita Sven Tilda Ulrich Vera Walter Xenia Yusuf
Zora Amir Bella Chen Dora Elif Farid Greta Hana Igor Jelena Kofi Lena Marek Nadia Otto Petra Raul Selma Tomas Uma Viktor Wilma Yara Zeno
",
    )
});

pub static PLACES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    all(
        "
Aarhus Bergen Cadiz Dover Essen Faro Ghent Hull Izmir Jena Kiel Lyon Malmo Nantes Oslo Porto Quito Riga Sofia Turin Utrecht Varna Wexford York
Zadar Bath Cork Delft Exeter Graz Leeds Lima Metz Minsk Pisa Perth Rouen Siena Tartu Vigo
",
    )
});

/// All words of a table.
fn all(table: &'static str) -> Vec<&'static str> {
    table.split_whitespace().collect()
}

/// Rows of a table of words.
fn rows(table: &'static str) -> Vec<Vec<&'static str>> {
    table.lines().filter(|line| !line.is_empty()).map(all).collect()
}

/// Words, and the phrases that go with them.
type Row = (Vec<&'static str>, Vec<&'static str>);

/// Rows of a table of words and phrases.
fn phrases(table: &'static str) -> Vec<Row> {
    let rows = table.lines().filter_map(|line| line.split_once('|'));
    rows.map(|(words, phrases)| (all(words), phrases.split('|').map(str::trim).collect())).collect()
}

/// `MM-DD`.
pub fn date(stream: &mut Stream) -> String {
    format!("{:02}-{:02}", range(stream, 1, 12), range(stream, 1, 28))
}

pub fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}
