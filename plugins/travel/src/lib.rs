//! placeholder
use coevo_sdk::*;
pub struct Travel;
impl Environment for Travel {
    type State = u32;
    fn describe() -> Description { Description{name:"travel",version:"0.1.0",summary:"",tools:vec![],splits:vec![],categories:vec![]} }
    fn generate(_: &str, _: u32, _: &mut Rng) -> Result<TaskDraft<u32>, String> { Err("none".into()) }
    fn call(s: &mut u32, _: &mut Context<'_>, n: &str, _: &Value) -> Result<Value, ToolError> { *s+=1; Err(ToolError::unknown_tool(n)) }
}
export!(Travel);
