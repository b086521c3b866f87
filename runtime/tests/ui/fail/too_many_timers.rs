//! A locus with more timers than may be due at once.

use locus::prelude::*;

#[locus]
pub struct Clock {}

#[locus]
impl Clock {
    #[every("1s")]
    fn tick_0(&mut self) {}
    #[every("2s")]
    fn tick_1(&mut self) {}
    #[every("3s")]
    fn tick_2(&mut self) {}
    #[every("4s")]
    fn tick_3(&mut self) {}
    #[every("5s")]
    fn tick_4(&mut self) {}
    #[every("6s")]
    fn tick_5(&mut self) {}
    #[every("7s")]
    fn tick_6(&mut self) {}
    #[every("8s")]
    fn tick_7(&mut self) {}
    #[every("9s")]
    fn tick_8(&mut self) {}
    #[every("10s")]
    fn tick_9(&mut self) {}
    #[every("11s")]
    fn tick_10(&mut self) {}
    #[every("12s")]
    fn tick_11(&mut self) {}
    #[every("13s")]
    fn tick_12(&mut self) {}
    #[every("14s")]
    fn tick_13(&mut self) {}
    #[every("15s")]
    fn tick_14(&mut self) {}
    #[every("16s")]
    fn tick_15(&mut self) {}
    #[every("17s")]
    fn tick_16(&mut self) {}
    #[every("18s")]
    fn tick_17(&mut self) {}
    #[every("19s")]
    fn tick_18(&mut self) {}
    #[every("20s")]
    fn tick_19(&mut self) {}
    #[every("21s")]
    fn tick_20(&mut self) {}
    #[every("22s")]
    fn tick_21(&mut self) {}
    #[every("23s")]
    fn tick_22(&mut self) {}
    #[every("24s")]
    fn tick_23(&mut self) {}
    #[every("25s")]
    fn tick_24(&mut self) {}
    #[every("26s")]
    fn tick_25(&mut self) {}
    #[every("27s")]
    fn tick_26(&mut self) {}
    #[every("28s")]
    fn tick_27(&mut self) {}
    #[every("29s")]
    fn tick_28(&mut self) {}
    #[every("30s")]
    fn tick_29(&mut self) {}
    #[every("31s")]
    fn tick_30(&mut self) {}
    #[every("32s")]
    fn tick_31(&mut self) {}
    #[every("33s")]
    fn tick_32(&mut self) {}
    #[every("34s")]
    fn tick_33(&mut self) {}
    #[every("35s")]
    fn tick_34(&mut self) {}
    #[every("36s")]
    fn tick_35(&mut self) {}
    #[every("37s")]
    fn tick_36(&mut self) {}
    #[every("38s")]
    fn tick_37(&mut self) {}
    #[every("39s")]
    fn tick_38(&mut self) {}
    #[every("40s")]
    fn tick_39(&mut self) {}
    #[every("41s")]
    fn tick_40(&mut self) {}
    #[every("42s")]
    fn tick_41(&mut self) {}
    #[every("43s")]
    fn tick_42(&mut self) {}
    #[every("44s")]
    fn tick_43(&mut self) {}
    #[every("45s")]
    fn tick_44(&mut self) {}
    #[every("46s")]
    fn tick_45(&mut self) {}
    #[every("47s")]
    fn tick_46(&mut self) {}
    #[every("48s")]
    fn tick_47(&mut self) {}
    #[every("49s")]
    fn tick_48(&mut self) {}
    #[every("50s")]
    fn tick_49(&mut self) {}
    #[every("51s")]
    fn tick_50(&mut self) {}
    #[every("52s")]
    fn tick_51(&mut self) {}
    #[every("53s")]
    fn tick_52(&mut self) {}
    #[every("54s")]
    fn tick_53(&mut self) {}
    #[every("55s")]
    fn tick_54(&mut self) {}
    #[every("56s")]
    fn tick_55(&mut self) {}
    #[every("57s")]
    fn tick_56(&mut self) {}
    #[every("58s")]
    fn tick_57(&mut self) {}
    #[every("59s")]
    fn tick_58(&mut self) {}
    #[every("60s")]
    fn tick_59(&mut self) {}
    #[every("61s")]
    fn tick_60(&mut self) {}
    #[every("62s")]
    fn tick_61(&mut self) {}
    #[every("63s")]
    fn tick_62(&mut self) {}
    #[every("64s")]
    fn tick_63(&mut self) {}
    #[every("65s")]
    fn tick_64(&mut self) {}
    #[every("66s")]
    fn tick_65(&mut self) {}
}

fn main() {}
